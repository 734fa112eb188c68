import { describe, expect, it } from 'vitest'
import { place } from './place'

const view = { width: 400, height: 300 }

describe('place', () => {
	it('opens below and aligned with its trigger when there is room', () => {
		expect(place({ left: 20, top: 20, width: 60, height: 28 }, { width: 200, height: 100 }, view, 'start', 'bottom')).toMatchObject({ left: 20, top: 52 })
	})

	it('turns to the other side when there is none', () => {
		expect(place({ left: 20, top: 250, width: 60, height: 28 }, { width: 200, height: 100 }, view, 'start', 'bottom').top).toBe(146)
	})

	it('stays inside the window', () => {
		expect(place({ left: 350, top: 20, width: 40, height: 28 }, { width: 200, height: 100 }, view, 'start', 'bottom').left).toBe(192)
		expect(place({ left: 0, top: 20, width: 40, height: 28 }, { width: 200, height: 100 }, view, 'end', 'bottom').left).toBe(8)
	})

	it('limits its height to the room there is', () => {
		expect(place({ left: 0, top: 100, width: 40, height: 28 }, { width: 200, height: 900 }, view, 'start', 'bottom').maxHeight).toBe(160)
	})
})
