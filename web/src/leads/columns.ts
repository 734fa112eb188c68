/* Columns of the lead list: which there are, how wide, which are shown (kept in the browser). */
import { computed, ref } from 'vue'
import { t, type LeadsKey } from './text'

export interface Column {
	key: string
	label: LeadsKey
	width: number
	sort?: string
	numeric?: boolean
}

export const COLUMNS: readonly Column[] = [
	{ key: 'title', label: 'col_title', width: 220, sort: 'company' },
	{ key: 'name', label: 'col_name', width: 84, sort: 'name' },
	{ key: 'clock', label: 'col_clock', width: 118 },
	{ key: 'status', label: 'col_status', width: 96, sort: 'status' },
	{ key: 'owner', label: 'col_owner', width: 104 },
	{ key: 'phone', label: 'col_phone', width: 122 },
	{ key: 'city', label: 'col_city', width: 80, sort: 'city' },
	{ key: 'source', label: 'col_source', width: 100 },
	{ key: 'score', label: 'col_score', width: 56, sort: 'score', numeric: true },
	{ key: 'next_follow_up_at', label: 'col_next_follow_up_at', width: 92, sort: 'next_follow_up_at' },
	{ key: 'created_at', label: 'col_created_at', width: 112, sort: 'created_at' },
	{ key: 'last_touch_at', label: 'col_last_touch_at', width: 108, sort: 'last_touch_at' },
	{ key: 'team', label: 'col_team', width: 100 },
]

const STORE = 'tenon.leads.columns'
const DEFAULT_HIDDEN = ['last_touch_at', 'team']

function storedHidden(): Set<string> {
	try {
		const list = JSON.parse(localStorage.getItem(STORE) ?? 'null') as string[] | null
		return new Set(list ?? DEFAULT_HIDDEN)
	} catch {
		return new Set(DEFAULT_HIDDEN)
	}
}

export function useColumns() {
	const hidden = ref(storedHidden())
	const shown = computed(() => COLUMNS.filter((column) => column.key === 'title' || !hidden.value.has(column.key)))
	function toggle(key: string): void {
		const next = new Set(hidden.value)
		if (!next.delete(key)) next.add(key)
		hidden.value = next
		localStorage.setItem(STORE, JSON.stringify([...next]))
	}
	const choices = computed(() => COLUMNS.slice(1).map((column) => ({ key: column.key, label: t(column.label), on: !hidden.value.has(column.key) })))
	return { shown, toggle, choices }
}
