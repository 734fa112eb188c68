/* The fence under the pen: its shape with every step kept, what is being drawn, and the point that is meant. */
import { computed, ref, shallowRef } from 'vue'
import { addHole, addPart, along, insertPoint, movePoint, partAround, place, pointAt, removePoint, removeRing, type Point, type Shape, type Spot } from './shape'

const STEPS_MAX = 200
export type Mode = 'edit' | 'part' | 'hole'

export function useFence(start: Shape, changed: (shape: Shape) => void) {
	const shape = shallowRef<Shape>(start)
	const past = shallowRef<readonly Shape[]>([])
	const future = shallowRef<readonly Shape[]>([])
	const mode = ref<Mode>('edit')
	/** Points of the ring that is being drawn. */
	const draft = shallowRef<readonly Point[]>([])
	const chosen = shallowRef<Spot | null>(null)
	/** The shape before a drag or a run of arrow keys, which is one step. */
	let held: Shape | null = null

	function put(next: Shape, tell: boolean): void {
		shape.value = next
		if (chosen.value && !pointAt(next, chosen.value)) chosen.value = null
		if (tell) changed(next)
	}

	function step(next: Shape): void {
		const before = held ?? shape.value
		held = null
		if (next === before) return
		past.value = [...past.value, before].slice(-STEPS_MAX)
		future.value = []
		put(next, true)
	}

	/** While it moves: shown, told, but no step of its own. */
	function slide(next: Shape): void {
		held ??= shape.value
		put(next, true)
	}
	const settle = () => held && step(shape.value)

	/** Typed as text: a step like any other, told by whoever typed. */
	function take(next: Shape): void {
		settle()
		past.value = [...past.value, shape.value].slice(-STEPS_MAX)
		future.value = []
		draft.value = []
		mode.value = 'edit'
		put(next, false)
	}

	function undo(): void {
		settle()
		if (draft.value.length > 0) {
			draft.value = draft.value.slice(0, -1)
			return
		}
		const before = past.value.at(-1)
		if (!before) return
		past.value = past.value.slice(0, -1)
		future.value = [...future.value, shape.value]
		put(before, true)
	}

	function redo(): void {
		const next = future.value.at(-1)
		if (!next) return
		future.value = future.value.slice(0, -1)
		past.value = [...past.value, shape.value]
		put(next, true)
	}

	function draw(what: Mode): void {
		settle()
		mode.value = what
		draft.value = []
		chosen.value = null
	}

	const add = (point: Point) => {
		const last = draft.value.at(-1)
		if (!last || last[0] !== point[0] || last[1] !== point[1]) draft.value = [...draft.value, point]
	}

	/** Three points make a ring; a hole goes into the part around it. False if there is none. */
	function finish(): boolean {
		const ring = draft.value
		if (ring.length < 3) return false
		const into = mode.value === 'hole' ? partAround(shape.value, ring) : -1
		if (mode.value === 'hole' && into < 0) return false
		const next = mode.value === 'hole' ? addHole(shape.value, into, ring) : addPart(shape.value, ring)
		draw('edit')
		step(next)
		return true
	}

	function insertAt(spot: Spot, point: Point): void {
		step(insertPoint(shape.value, spot, point))
		chosen.value = spot
	}

	/** In the middle of the edge that ends at the spot. */
	function insertBefore(spot: Spot): void {
		const [a, b] = [pointAt(shape.value, along(shape.value, spot, -1)), pointAt(shape.value, spot)]
		if (a && b) insertAt(spot, place((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
	}

	function remove(spot: Spot): void {
		settle()
		const next = removePoint(shape.value, spot)
		step(next)
		const length = next[spot.part]?.[spot.ring]?.length ?? 0
		const gone = length === 0 || spot.point > length
		chosen.value = gone ? null : { ...spot, point: Math.min(spot.point, length - 1) }
	}

	return {
		shape, mode, draft, chosen,
		canUndo: computed(() => past.value.length > 0 || draft.value.length > 0),
		canRedo: computed(() => future.value.length > 0 && draft.value.length === 0),
		take, undo, redo, draw, add, finish, insertAt, insertBefore, remove, settle,
		move: (spot: Spot, to: Point) => step(movePoint(shape.value, spot, to)),
		slideIn(spot: Spot, point: Point): void {
			slide(insertPoint(shape.value, spot, point))
			chosen.value = spot
		},
		slideTo: (spot: Spot, to: Point) => slide(movePoint(shape.value, spot, to)),
		dropRing: (part: number, ring: number) => step(removeRing(shape.value, part, ring)),
	}
}

export type Fence = ReturnType<typeof useFence>
