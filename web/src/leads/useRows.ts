/* The rows of one list: keyset pages fetched as they are needed, kept fresh by live news. Which rows belong is always the server's
 * word: for changed records it is asked with the list's own filter. An older version never replaces a newer one (F10). */
import { computed, onScopeDispose, ref, shallowReactive, shallowRef, watch, type Ref } from 'vue'
import { countRecords, listRecords, type ListQuery } from '@/api/records'
import type { Id, LiveMessage, Rec } from '@/api/types'
import { useLive, useResync } from '@/live/live'
import { comparer, placeIn } from './sort'

const FIRST_PAGE = 100
const PAGE = 200
const AHEAD = 120
const GATHER_MS = 120
const GATHER_MAX = 60
const FLASH_MS = 1600
const COUNT_MS = 1500

export interface RowsQuery {
	filter?: string
	search?: string
	sort: string
	bin?: boolean
}

export function both(a: string | undefined, b: string): string {
	return a ? `AND(${a}, ${b})` : b
}

export function useRows<T extends Rec>(object: string, query: Readonly<Ref<RowsQuery>>) {
	// Always a new array: what shows the rows sees a change by identity.
	const rows = shallowRef<T[]>([])
	const next = ref<string | null>(null)
	const loading = ref(true)
	const error = shallowRef<unknown>(null)
	const counted = ref<{ count: number; more: boolean } | null>(null)
	const flashes = shallowReactive(new Set<Id>())

	let stop = new AbortController()
	let running = false
	let wanted = 0

	const ask = (more: Partial<ListQuery>): ListQuery => ({ ...query.value, ...more })

	async function reset(keep = false): Promise<void> {
		stop.abort()
		stop = new AbortController()
		const { signal } = stop
		running = true
		wanted = 0
		if (!keep) rows.value = []
		loading.value = true
		error.value = null
		try {
			const page = await listRecords<T>(object, ask({ limit: FIRST_PAGE }), signal)
			rows.value = page.items
			next.value = page.next
		} catch (problem) {
			if (signal.aborted) return
			error.value = problem
		}
		running = false
		loading.value = false
		void count()
		void fill()
	}

	/** Fetches page after page until the wanted row is there. */
	async function fill(): Promise<void> {
		if (running) return
		running = true
		const { signal } = stop
		try {
			while (next.value !== null && rows.value.length < wanted && !signal.aborted) {
				const page = await listRecords<T>(object, ask({ limit: PAGE, after: next.value }), signal)
				append(page.items)
				next.value = page.next
			}
		} catch (problem) {
			if (!signal.aborted) error.value = problem
		} finally {
			if (!signal.aborted) running = false
		}
	}

	/** A row that live news put in already must not come twice. */
	function append(items: T[]): void {
		const tail = new Set(rows.value.slice(-PAGE * 2).map((row) => row.id))
		rows.value = [...rows.value, ...items.filter((item) => !tail.has(item.id))]
	}

	/** The grid is about to show rows up to this index. */
	function need(index: number): void {
		wanted = Math.max(wanted, index + AHEAD)
		if (next.value !== null && rows.value.length < wanted && !error.value) void fill()
	}

	let counting: ReturnType<typeof setTimeout> | undefined
	async function count(): Promise<void> {
		const { filter, search, bin } = query.value
		if (next.value === null || search || bin) {
			counted.value = next.value === null ? { count: rows.value.length, more: false } : null
			return
		}
		try {
			counted.value = await countRecords(object, filter, stop.signal)
		} catch {
			counted.value = null // the list itself is what matters; it reports its own errors
		}
	}
	const countSoon = () => {
		clearTimeout(counting)
		counting = setTimeout(() => void count(), COUNT_MS)
	}

	function flash(id: Id): void {
		flashes.delete(id)
		flashes.add(id)
		setTimeout(() => flashes.delete(id), FLASH_MS)
	}

	function remove(id: Id): void {
		const left = rows.value.filter((row) => row.id !== id)
		if (left.length === rows.value.length) return
		rows.value = left
		countSoon()
	}

	/** Puts a record where it belongs; one that is older than what we have is ignored. */
	function put(record: T, show = true): void {
		const known = rows.value.find((row) => row.id === record.id)
		if (known && known.version > record.version) return
		const others = known ? rows.value.filter((row) => row !== known) : [...rows.value]
		const to = placeIn(others, record, comparer(query.value.sort))
		const beyond = to === others.length && next.value !== null
		if (!beyond) others.splice(to, 0, record)
		rows.value = others
		if (show) flash(record.id)
		if (!known) countSoon()
	}

	const changed = new Set<Id>()
	let gather: ReturnType<typeof setTimeout> | undefined

	async function refresh(): Promise<void> {
		const ids = [...changed]
		changed.clear()
		if (ids.length === 0) return
		if (ids.length > GATHER_MAX || query.value.bin) return reset(true)
		const { filter, search, sort } = query.value
		const list = ids.map((id) => `"${id}"`).join(', ')
		const { signal } = stop
		try {
			const page = await listRecords<T>(object, { filter: both(filter, `id IN (${list})`), search, sort, limit: PAGE }, signal)
			const here = new Set(page.items.map((item) => item.id))
			page.items.forEach((item) => put(item))
			ids.filter((id) => !here.has(id)).forEach(remove)
		} catch (problem) {
			if (!signal.aborted) error.value = problem
		}
	}

	function refreshSoon(ids: Id[]): void {
		ids.forEach((id) => changed.add(id))
		clearTimeout(gather)
		gather = setTimeout(() => void refresh(), GATHER_MS)
	}

	useLive((message: LiveMessage) => {
		if (message.object !== object || !message.record || message.kind === 'alert') return
		refreshSoon([message.record])
	})
	useResync(() => void reset(true))
	onScopeDispose(() => {
		stop.abort()
		clearTimeout(gather)
		clearTimeout(counting)
	})
	watch(query, () => void reset(), { immediate: true, deep: true })

	/** How many rows the scrollbar stands for: what is known, else what is counted. */
	const size = computed(() => {
		const known = rows.value.length
		if (next.value === null) return known
		return Math.max(known + PAGE / 2, counted.value?.count ?? 0)
	})

	return { rows, size, counted, loading, error, flashes, reset, need, remove, put, refreshSoon }
}
