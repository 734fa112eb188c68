/* A box that lives as long as the page: where the browser keeps nothing, and in tests. */
import type { Id } from '@/api/types'
import { isNewer, type Box, type Seen } from './box'
import { inOrder, type Draft } from './draft'

export function memoryBox(): Box & { fleeting: true } {
	const drafts = new Map<Id, Draft>()
	const seen = new Map<string, Seen>()
	const drop = (gone: (one: Seen) => boolean) => [...seen].forEach(([key, one]) => gone(one) && seen.delete(key))
	return {
		fleeting: true,
		drafts: async (user) => inOrder([...drafts.values()].filter((draft) => draft.user === user)),
		put: async (draft) => void drafts.set(draft.id, draft),
		replace: async (draft) => void (drafts.has(draft.id) && drafts.set(draft.id, draft)),
		remove: async (id) => void drafts.delete(id),
		keep: async (one) => void (isNewer(one, seen.get(one.user + one.what)) && seen.set(one.user + one.what, one)),
		recall: async (user, what) => seen.get(user + what),
		forgetSeen: async (whose) => drop((one) => whose(one.user)),
		forgetDrafts: async (user) => [...drafts.values()].forEach((draft) => draft.user === user && drafts.delete(draft.id)),
		prune: async (before) => drop((one) => one.at < before),
	}
}
