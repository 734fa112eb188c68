import { describe, expect, it } from 'vitest'
import type { Rec } from '@/api/types'
import { comparer, placeIn } from './sort'

const rec = (id: string, fields: object): Rec => ({ id, version: 1, ...fields })

describe('placeIn', () => {
	const rows = [rec('c', { score: 90 }), rec('b', { score: 50 }), rec('a', { score: 10 })]

	it('finds the place in a falling order', () => {
		expect(placeIn(rows, rec('x', { score: 60 }), comparer('-score'))).toBe(1)
		expect(placeIn(rows, rec('x', { score: 99 }), comparer('-score'))).toBe(0)
		expect(placeIn(rows, rec('x', { score: 1 }), comparer('-score'))).toBe(3)
	})

	it('puts blanks first when rising and last when falling', () => {
		const up = comparer('score')
		expect(up(rec('a', { score: null }), rec('b', { score: 1 }))).toBeLessThan(0)
		expect(comparer('-score')(rec('a', { score: null }), rec('b', { score: 1 }))).toBeGreaterThan(0)
	})
})
