/* The rows of a plain list, page by page. The first page is kept for when there is no line, with its age. */
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { listRecords } from '@/api/records'
import type { Page, Rec } from '@/api/types'
import { serverNow } from '@/live/clock'
import { live, useLive, useResync } from '@/live/live'
import { isUnreachable, remembered, useShownAt } from '@/offline/state'

const PAGE = 50
const TYPING_MS = 200
const NEWS_MS = 300

export function useList(object: Ref<string>) {
	const rows = shallowRef<Rec[] | null>(null)
	const next = ref<string | null>(null)
	const error = shallowRef<unknown>(null)
	const search = ref('')
	const bin = ref(false)
	/** As of when, if it is not what the server says now. */
	const asOf = ref<number | null>(null)
	let receivedAt = 0
	let shown = ''
	let asked = 0

	const words = computed(() => search.value.trim() || undefined)
	const ask = (after?: string | null): Promise<Page<Rec>> => listRecords(object.value, { sort: '-created_at', search: words.value, bin: bin.value, limit: PAGE, after })
	/** What is searched for, or lies in the bin, is asked of the server alone. */
	const first = () => (words.value || bin.value ? ask().then((value) => ({ value, at: null })) : remembered(`list/${object.value}`, ask))

	async function load(more = false): Promise<void> {
		const mine = ++asked
		const what = JSON.stringify([object.value, words.value, bin.value])
		try {
			const { value, at } = more ? { value: await ask(next.value), at: null } : await first()
			if (mine !== asked) return
			error.value = null
			asOf.value = at
			// What was kept replaces nothing that stands here.
			if (at !== null && rows.value && what === shown) return void (asOf.value = receivedAt)
			receivedAt = at ?? serverNow()
			shown = what
			rows.value = more ? [...(rows.value ?? []), ...value.items] : value.items
			next.value = value.next
		} catch (problem) {
			if (mine !== asked) return
			if (isUnreachable(problem) && rows.value && what === shown) asOf.value = receivedAt
			else error.value = problem
		}
	}

	let timer: ReturnType<typeof setTimeout> | undefined
	function loadIn(ms: number): void {
		clearTimeout(timer)
		timer = setTimeout(() => void load(), ms)
	}
	watch([search, bin], () => loadIn(TYPING_MS))
	watch(object, () => {
		rows.value = null
		asOf.value = null
		search.value = ''
		bin.value = false
		void load()
	}, { immediate: true })
	useLive((message) => message.object === object.value && (rows.value?.length ?? 0) <= PAGE && loadIn(NEWS_MS))
	useResync(() => void load())
	useShownAt(() => asOf.value)
	watch(() => live.state, (state) => state === 'live' && (asOf.value !== null || error.value) && void load())

	return { rows, next, error, search, bin, load }
}
