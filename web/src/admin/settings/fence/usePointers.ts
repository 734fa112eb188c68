/* Mouse, pen and fingers on the canvas: one drags a point or the ground, or clicks; two pinch. */
import { shallowReactive } from 'vue'

const CLICK_PX = 5

export interface Hands {
	/** What lies under the finger, in words of the caller; null is the ground. */
	grab: (target: Element) => string | null
	drag: (what: string | null, x: number, y: number, dx: number, dy: number) => void
	drop: (what: string | null) => void
	click: (what: string | null, x: number, y: number) => void
	pinch: (factor: number, x: number, y: number, dx: number, dy: number) => void
	hover: (x: number, y: number) => void
}

export function usePointers(hands: Hands) {
	const down = shallowReactive(new Map<number, { x: number; y: number }>())
	let what: string | null = null
	let start = { x: 0, y: 0 }
	let moved = false
	let pinched = false

	function where(event: PointerEvent): { x: number; y: number } {
		const box = (event.currentTarget as Element).getBoundingClientRect()
		return { x: event.clientX - box.left, y: event.clientY - box.top }
	}

	function onDown(event: PointerEvent): void {
		if (event.button !== 0) return
		const at = where(event)
		;(event.currentTarget as Element).setPointerCapture(event.pointerId)
		if (down.size === 0) {
			what = hands.grab(event.target as Element)
			start = at
			moved = pinched = false
		} else {
			if (moved) hands.drop(what)
			pinched = true
		}
		down.set(event.pointerId, at)
	}

	function pinch(id: number, at: { x: number; y: number }): void {
		const [first, second] = [...down.entries()].filter(([one]) => one !== id).slice(0, 1).concat([[id, down.get(id)!]])
		const still = first![1]
		const before = second![1]
		const reach = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y) || 1
		hands.pinch(reach(still, at) / reach(still, before), (still.x + at.x) / 2, (still.y + at.y) / 2, (at.x - before.x) / 2, (at.y - before.y) / 2)
	}

	function onMove(event: PointerEvent): void {
		const at = where(event)
		const last = down.get(event.pointerId)
		if (!last) return hands.hover(at.x, at.y)
		if (down.size > 1) pinch(event.pointerId, at)
		else if (!pinched && (moved || Math.hypot(at.x - start.x, at.y - start.y) > CLICK_PX)) {
			// What was moved before it counted as a drag is made up for.
			const from = moved ? last : start
			moved = true
			hands.drag(what, at.x, at.y, at.x - from.x, at.y - from.y)
		}
		down.set(event.pointerId, at)
	}

	function onUp(event: PointerEvent): void {
		if (!down.delete(event.pointerId) || pinched) return
		if (moved) hands.drop(what)
		else if (event.type === 'pointerup') hands.click(what, start.x, start.y)
	}

	return { onDown, onMove, onUp }
}
