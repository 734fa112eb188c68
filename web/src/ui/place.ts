/* Where a floating panel goes: beside its trigger, on the side with room, never over the edge of the window. */
export interface Box {
	left: number
	top: number
	width: number
	height: number
}

export type Align = 'start' | 'end'
export type Side = 'top' | 'bottom'

const GAP = 4
const EDGE = 8

export interface Placed {
	left: number
	top: number
	maxHeight: number
}

export function place(trigger: Box, panel: { width: number; height: number }, view: { width: number; height: number }, align: Align, side: Side): Placed {
	const below = view.height - (trigger.top + trigger.height) - GAP - EDGE
	const above = trigger.top - GAP - EDGE
	const wantsTop = side === 'top' ? above >= panel.height || above > below : below < panel.height && above > below
	const maxHeight = Math.max(80, wantsTop ? above : below)
	const height = Math.min(panel.height, maxHeight)
	const left = align === 'start' ? trigger.left : trigger.left + trigger.width - panel.width
	return {
		left: Math.max(EDGE, Math.min(left, view.width - panel.width - EDGE)),
		top: wantsTop ? trigger.top - GAP - height : trigger.top + trigger.height + GAP,
		maxHeight,
	}
}
