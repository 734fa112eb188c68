/* The views of the lead list, each a formula, and the quick chips that narrow them. */
import type { LeadsKey } from './text'

export type ViewName = 'mine' | 'untouched' | 'unassigned' | 'all' | 'bin'

export interface View {
	name: ViewName
	filter?: string
	sort: string
	bin?: boolean
}

export const VIEWS: readonly View[] = [
	{ name: 'mine', filter: 'AND(owner = ME(), NOT(status IN ("converted", "invalid")))', sort: '-created_at' },
	{ name: 'untouched', filter: 'AND(status = "new", NOT(ISBLANK(owner)), ISBLANK(first_touch_at))', sort: '-created_at' },
	{ name: 'unassigned', filter: 'AND(status = "new", ISBLANK(owner))', sort: 'created_at' },
	{ name: 'all', sort: '-created_at' },
	{ name: 'bin', sort: '-created_at', bin: true },
]

export const viewOf = (name: unknown): View => VIEWS.find((view) => view.name === name) ?? VIEWS[0]!

export interface QuickChip {
	name: string
	label: LeadsKey
	filter: string
}

export const CHIPS: readonly QuickChip[] = [
	{ name: 'today', label: 'chipToday', filter: 'created_at >= TODAY()' },
	{ name: 'hot', label: 'chipHot', filter: 'score >= 60' },
	{ name: 'due', label: 'chipDue', filter: 'next_follow_up_at <= NOW()' },
	{ name: 'stale', label: 'chipStale', filter: 'AND(status = "contacting", OR(ISBLANK(last_touch_at), DAYS_SINCE(last_touch_at) >= 7))' },
	{ name: 'dup', label: 'chipDup', filter: 'duplicate_mark = "high"' },
]

export const chipFilter = (name: unknown): string | undefined => CHIPS.find((chip) => chip.name === name)?.filter
