import { expect, test, vi } from 'vitest'
import type { Point, Ring, Shape } from './shape'
import { useFence } from './useFence'

const square = (w: number, s: number, e: number, n: number): Ring => [[w, s], [e, s], [e, n], [w, n]]
const drawn = (fence: ReturnType<typeof useFence>, ring: readonly Point[]) => ring.forEach((point) => fence.add(point))

test('drawn, undone step by step and done again', () => {
	const told = vi.fn<(shape: Shape) => void>()
	const fence = useFence([], told)
	fence.draw('part')
	drawn(fence, [[0, 0], [9, 0]])
	expect(fence.finish()).toBe(false)
	fence.undo()
	expect(fence.draft.value).toHaveLength(1)
	drawn(fence, [[9, 0], [9, 9], [0, 9]])
	expect(fence.finish()).toBe(true)
	expect(fence.shape.value).toEqual([[square(0, 0, 9, 9)]])
	expect(told).toHaveBeenCalledTimes(1)
	fence.undo()
	expect(fence.shape.value).toEqual([])
	fence.redo()
	expect(fence.shape.value).toEqual([[square(0, 0, 9, 9)]])
})

test('a hole needs a part around it', () => {
	const fence = useFence([[square(0, 0, 9, 9)]], () => undefined)
	fence.draw('hole')
	drawn(fence, square(20, 20, 21, 21))
	expect(fence.finish()).toBe(false)
	fence.draw('hole')
	drawn(fence, square(1, 1, 2, 2))
	expect(fence.finish()).toBe(true)
	expect(fence.shape.value[0]).toHaveLength(2)
})

test('a drag is one step', () => {
	const fence = useFence([[square(0, 0, 9, 9)]], () => undefined)
	const spot = { part: 0, ring: 0, point: 2 }
	for (let n = 1; n < 5; n++) fence.slideTo(spot, [9 + n, 9])
	fence.settle()
	expect(fence.shape.value[0]![0]![2]).toEqual([13, 9])
	fence.undo()
	expect(fence.shape.value).toEqual([[square(0, 0, 9, 9)]])
	expect(fence.canUndo.value).toBe(false)
})

test('an edge that is dragged gets a point, in one step', () => {
	const fence = useFence([[square(0, 0, 9, 9)]], () => undefined)
	const spot = { part: 0, ring: 0, point: 1 }
	fence.slideIn(spot, [4, -1])
	fence.slideTo(spot, [4, -2])
	fence.settle()
	expect(fence.shape.value[0]![0]).toHaveLength(5)
	fence.undo()
	expect(fence.shape.value).toEqual([[square(0, 0, 9, 9)]])
})

test('points are put in and taken out, and the next one is meant', () => {
	const fence = useFence([[square(0, 0, 9, 9)]], () => undefined)
	fence.insertBefore({ part: 0, ring: 0, point: 0 })
	expect(fence.shape.value[0]![0]![0]).toEqual([0, 4.5])
	fence.remove(fence.chosen.value!)
	expect(fence.shape.value).toEqual([[square(0, 0, 9, 9)]])
	fence.remove({ part: 0, ring: 0, point: 3 })
	expect(fence.chosen.value).toEqual({ part: 0, ring: 0, point: 2 })
	fence.remove({ part: 0, ring: 0, point: 2 })
	expect(fence.shape.value).toEqual([])
	expect(fence.chosen.value).toBeNull()
})
