/* What returned to the pools, to be claimed: loaded, fresh by live news, page by page (L14). */
import { computed, ref } from 'vue'
import { useFresh } from '@/live/useFresh'
import type { Id, LiveMessage } from '@/api/types'
import { toast, toastError } from '@/ui/toast'
import type { Shelf, ShelfOf } from './api'

export interface Kind<T> {
	get: (pool?: Id, after?: Id | null) => Promise<Shelf<T>>
	claim: (id: Id) => Promise<unknown>
	claimed: (item: T) => string
	concerns: (message: LiveMessage) => boolean
}

export function useShelf<T extends { id: Id }>(kind: Kind<T>) {
	const { data: shelf, error, load } = useFresh(() => kind.get(), kind.concerns)
	const busy = ref<Id | null>(null)
	/** The pool whose next page is on its way. */
	const turning = ref<Id | null>(null)
	const pools = computed(() => shelf.value?.pools.filter((pool) => pool.items.length > 0) ?? [])

	async function more(pool: ShelfOf<T>): Promise<void> {
		if (turning.value) return
		turning.value = pool.id
		try {
			const next = (await kind.get(pool.id, pool.next)).pools[0]
			if (!next || !shelf.value) return
			// The list may have been loaded again meanwhile: then this page is no longer its next.
			shelf.value = { ...shelf.value, pools: shelf.value.pools.map((one) => (one.id === pool.id && one.next === pool.next ? { ...next, items: [...one.items, ...next.items] } : one)) }
		} catch (problem) {
			toastError(problem, () => more(pool))
		} finally {
			turning.value = null
		}
	}

	async function claim(item: T): Promise<void> {
		busy.value = item.id
		try {
			await kind.claim(item.id)
			toast(kind.claimed(item), { tone: 'ok' })
		} catch (problem) {
			toastError(problem)
		} finally {
			busy.value = null
			void load()
		}
	}

	return { shelf, error, load, pools, busy, turning, more, claim }
}
