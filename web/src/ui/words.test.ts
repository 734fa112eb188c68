import { describe, expect, it } from 'vitest'
import { heading, within } from './words'

describe('words', () => {
	it('begin with a capital at the head of a column, and without one inside a sentence', () => {
		expect([heading('pool'), heading('线索池')]).toEqual(['Pool', '线索池'])
		expect([within('Source'), within('QR code'), within('来源')]).toEqual(['source', 'QR code', '来源'])
	})
})
