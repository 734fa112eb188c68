import { describe, expect, it } from 'vitest'
import { scrollTo, windowAt } from './window'

describe('windowAt', () => {
	it('draws what is seen and a little more', () => {
		expect(windowAt(360, 360, 1000, 36, 2)).toEqual({ first: 8, end: 22, offset: 288, track: 36_000 })
	})

	it('never goes over the ends', () => {
		expect(windowAt(0, 360, 3, 36)).toMatchObject({ first: 0, end: 3 })
		expect(windowAt(99_999, 360, 100, 36)).toMatchObject({ end: 100 })
	})

	it('reaches the very last row of a million over a capped track', () => {
		const count = 1_000_000
		const state = windowAt(15_000_000 - 720, 720, count, 36)
		expect(state.track).toBe(15_000_000)
		expect(state.end).toBe(count)
		// The last row ends exactly where the track ends.
		expect(Math.round(state.offset + (count - state.first) * 36)).toBe(15_000_000)
	})
})

describe('scrollTo', () => {
	it('moves only when the row is not wholly visible', () => {
		expect(scrollTo(3, 0, 360, 100, 36)).toBeUndefined()
		expect(scrollTo(10, 0, 360, 100, 36)).toBe(36)
		expect(scrollTo(2, 360, 360, 100, 36)).toBe(72)
	})
})
