import { expect, test } from 'vitest'
import { addHole, addPart, along, area, boundsOf, count, fromGeo, insertPoint, movePoint, nextRing, partAround, removePoint, toGeo, type Ring } from './shape'

const square = (w: number, s: number, e: number, n: number): Ring => [[w, s], [e, s], [e, n], [w, n]]
const closed = (ring: Ring) => [...ring, ring[0]]

test('what the server takes becomes parts, and goes back as it came', () => {
	const [a, hole, b] = [square(0, 0, 9, 9), square(1, 1, 2, 2), square(20, 0, 30, 9)]
	const polygon = { type: 'Polygon', coordinates: [closed(a), closed(hole)] }
	expect(fromGeo(polygon)).toEqual([[a, hole]])
	expect(toGeo(fromGeo(polygon)!)).toEqual(polygon)
	const several = { type: 'MultiPolygon', coordinates: [[closed(a), closed(hole)], [closed(b)]] }
	expect(toGeo(fromGeo(several)!)).toEqual(several)
	expect(fromGeo({ type: 'FeatureCollection', features: [{ type: 'Feature', geometry: polygon }, { type: 'Feature', geometry: { type: 'Polygon', coordinates: [closed(b)] } }] })).toEqual([[a, hole], [b]])
	expect(fromGeo(a)).toEqual([[a]])
	expect(toGeo([])).toBeNull()
})

test('what is no polygon is none', () => {
	for (const bad of [null, 1, 'x', {}, [], { type: 'Point', coordinates: [1, 2] }, { type: 'Polygon', coordinates: [] }, { type: 'Polygon', coordinates: [[['a', 1]]] }, { type: 'MultiPolygon', coordinates: [[[1, 2]]] }]) expect(fromGeo(bad)).toBeNull()
})

test('points are moved, put in and taken out; the shape before stays as it was', () => {
	const shape = [[square(0, 0, 9, 9), square(1, 1, 2, 2)]]
	const moved = movePoint(shape, { part: 0, ring: 0, point: 2 }, [10, 10])
	expect(moved[0]![0]![2]).toEqual([10, 10])
	expect(shape[0]![0]![2]).toEqual([9, 9])
	expect(moved[0]![1]).toBe(shape[0]![1])
	const more = insertPoint(shape, { part: 0, ring: 0, point: 1 }, [5, -1])
	expect(more[0]![0]).toHaveLength(5)
	expect(more[0]![0]![1]).toEqual([5, -1])
	const less = removePoint(more, { part: 0, ring: 0, point: 1 })
	expect(less).toEqual(shape)
})

test('with the third last point a ring goes, and with its outside a part', () => {
	const triangle: Ring = [[1, 1], [2, 1], [1, 2]]
	expect(removePoint([[square(0, 0, 9, 9), triangle]], { part: 0, ring: 1, point: 0 })).toEqual([[square(0, 0, 9, 9)]])
	expect(removePoint([[triangle, square(1, 1, 2, 2)], [square(5, 5, 6, 6)]], { part: 0, ring: 0, point: 0 })).toEqual([[square(5, 5, 6, 6)]])
})

test('a hole goes into the part around it', () => {
	const shape = addPart([[square(0, 0, 9, 9)]], square(20, 0, 30, 9))
	expect(partAround(shape, square(21, 1, 22, 2))).toBe(1)
	expect(partAround(shape, square(1, 1, 2, 2))).toBe(0)
	expect(partAround(shape, square(50, 1, 51, 2))).toBe(-1)
	expect(count(addHole(shape, 1, square(21, 1, 22, 2)))).toBe(12)
})

test('the area is that on the globe, holes taken away', () => {
	const degree = area([[square(0, 0, 1, 1)]])
	expect(degree).toBeGreaterThan(12_300)
	expect(degree).toBeLessThan(12_400)
	expect(area([[square(0, 60, 1, 61)]])).toBeLessThan(degree * 0.5)
	expect(area([[[...square(0, 0, 1, 1)].reverse()]])).toBeCloseTo(degree, 6)
	expect(area([[square(0, 0, 2, 1), square(0.5, 0, 1.5, 1)]])).toBeCloseTo(degree, 6)
	expect(area([[[[0, -90], [360, -90], [360, 90], [0, 90]]]])).toBeCloseTo(4 * Math.PI * 6371.0088 ** 2, -3)
})

test('round a ring and from ring to ring', () => {
	const shape = [[square(0, 0, 9, 9), square(1, 1, 2, 2)], [square(20, 0, 30, 9)]]
	expect(along(shape, { part: 0, ring: 0, point: 0 }, -1).point).toBe(3)
	expect(along(shape, { part: 0, ring: 0, point: 3 }, 1).point).toBe(0)
	expect(nextRing(shape, null, 1)).toEqual({ part: 0, ring: 0, point: 0 })
	expect(nextRing(shape, { part: 0, ring: 1, point: 2 }, 1)).toEqual({ part: 1, ring: 0, point: 0 })
	expect(nextRing(shape, { part: 0, ring: 0, point: 0 }, -1)).toEqual({ part: 1, ring: 0, point: 0 })
	expect(nextRing([], null, 1)).toBeNull()
	expect(boundsOf(shape.flat(2))).toEqual([0, 0, 30, 9])
})
