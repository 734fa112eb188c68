import { expect, it } from 'vitest'
import { outline, ringsOf } from './polygon'

const square: [number, number][] = [[120, 30], [121, 30], [121, 31], [120, 31], [120, 30]]

it('finds the rings of whatever is pasted', () => {
	const polygon = { type: 'Polygon', coordinates: [square, square] }
	expect(ringsOf(polygon)).toHaveLength(2)
	expect(ringsOf({ type: 'MultiPolygon', coordinates: [[square], [square, square]] })).toHaveLength(3)
	expect(ringsOf({ type: 'FeatureCollection', features: [{ type: 'Feature', geometry: polygon }] })).toHaveLength(2)
	expect(ringsOf(square)).toEqual([square])
	expect([null, 5, 'x', {}, [], { coordinates: [['a']] }].map((x) => ringsOf(x).length)).toEqual([0, 0, 0, 0, 0, 0])
})

it('draws to scale and says how large it is', () => {
	const drawn = outline(square, [120.5, 30.5])!
	expect(drawn.span).toMatch(/^9[0-9] × 111 km$/)
	expect(drawn.path.startsWith('M0 1L')).toBe(true)
	expect(drawn.mark![1]).toBeCloseTo(0.5)
	expect(outline({})).toBeNull()
})
