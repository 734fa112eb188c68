/* The log of receipts as the page shows it: filter, pages, selection, replay. */
import { computed, reactive, ref, shallowRef, watch } from 'vue'
import type { Id } from '@/api/types'
import { useLive, useResync } from '@/live/live'
import { toast, toastError } from '@/ui/toast'
import { intakeSummary, listReceipts, replayMany, type IntakeSummary, type Receipt } from '../api'
import { t } from './text'

const PAGE = 50
const SOON_MS = 400

export function useReceipts() {
	const filter = reactive({ state: 'all', source: null as Id | null, reason: null as string | null, search: '' })
	const rows = shallowRef<Receipt[] | null>(null)
	const next = ref<string | null>(null)
	const error = shallowRef<unknown>(null)
	const summary = shallowRef<IntakeSummary | null>(null)
	const selected = reactive(new Set<Id>())
	const busy = ref(false)
	let asked = 0
	let timer: ReturnType<typeof setTimeout> | undefined

	const query = () => ({ state: filter.state === 'all' ? undefined : filter.state, source: filter.source, reason: filter.reason, search: filter.search.trim(), limit: PAGE })

	async function load(): Promise<void> {
		const mine = ++asked
		try {
			const [page, counts] = await Promise.all([listReceipts(query()), intakeSummary()])
			if (mine !== asked) return
			rows.value = page.items
			next.value = page.next
			summary.value = counts
			error.value = null
			const here = new Set(page.items.map((row) => row.id))
			for (const id of selected) if (!here.has(id)) selected.delete(id)
		} catch (problem) {
			if (mine === asked) error.value = problem
		}
	}

	async function more(): Promise<void> {
		const mine = asked
		try {
			const page = await listReceipts({ ...query(), after: next.value })
			if (mine !== asked) return
			rows.value = [...(rows.value ?? []), ...page.items]
			next.value = page.next
		} catch (problem) {
			toastError(problem, more)
		}
	}

	/** Replays, waits until the taker had its turn, and shows what became of it. */
	async function replay(which: Parameters<typeof replayMany>[0]): Promise<void> {
		busy.value = true
		try {
			const { replayed, failed } = await replayMany(which)
			toast(t('replayed', { n: replayed }), { tone: 'ok', detail: failed > 0 ? t('replayFailed', { n: failed }) : undefined })
			selected.clear()
			await load()
		} catch (problem) {
			toastError(problem, () => replay(which))
		} finally {
			busy.value = false
		}
	}

	function loadSoon(): void {
		timer ??= setTimeout(() => {
			timer = undefined
			void load()
		}, SOON_MS)
	}

	let typing: ReturnType<typeof setTimeout> | undefined
	watch(() => [filter.state, filter.source, filter.reason], () => void load())
	watch(() => filter.search, () => {
		clearTimeout(typing)
		typing = setTimeout(() => void load(), 250)
	})
	useLive((m) => {
		if (m.kind === 'intake.quarantined' || m.kind === 'lead.repeated' || (m.kind === 'record.created' && m.object === 'lead')) loadSoon()
	})
	useResync(() => void load())
	void load()

	const allSelected = computed(() => (rows.value?.length ?? 0) > 0 && rows.value!.every((row) => row.state !== 'quarantined' || selected.has(row.id)) && selected.size > 0)
	function selectAll(on: boolean): void {
		selected.clear()
		if (on) for (const row of rows.value ?? []) if (row.state === 'quarantined') selected.add(row.id)
	}
	return { filter, rows, next, error, summary, selected, allSelected, selectAll, busy, load, more, replay }
}
