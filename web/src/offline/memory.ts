/* A box that lives as long as the page: where the browser keeps nothing, and in tests. */
import type { Id } from '@/api/types'
import { BoxFull, isNewer, type Box, type Seen } from './box'
import { bytesOf, inOrder, KEPT_BYTES_MAX, type Draft } from './draft'
import { place } from './merge'

export function memoryBox(): Box & { fleeting: true } {
	const drafts = new Map<Id, Draft>()
	const contents = new Map<Id, ArrayBuffer>()
	const seen = new Map<string, Seen>()
	const drop = (gone: (one: Seen) => boolean) => [...seen].forEach(([key, one]) => gone(one) && seen.delete(key))
	const remove = (id: Id) => [drafts, contents].forEach((map) => map.delete(id))
	return {
		fleeting: true,
		drafts: async (user) => inOrder([...drafts.values()].filter((draft) => draft.user === user)),
		put: async (draft) => void drafts.set(draft.id, draft),
		update: async (id, change) => {
			const stands = drafts.get(id)
			const next = stands && change(stands)
			if (next) drafts.set(id, next)
			return next
		},
		join: async (edit) => {
			const kept = place(edit, inOrder([...drafts.values()].filter((draft) => draft.user === edit.user)))
			drafts.set(kept.id, kept)
			return kept
		},
		remove: async (id) => remove(id),
		content: async (id) => contents.get(id),
		putAll: async (more, bytes) => {
			const others = [...drafts.values()].filter((one) => one.user === more[0]?.user && more.every((draft) => draft.id !== one.id))
			if (bytes.length > 0 && bytesOf([...others, ...more]) > KEPT_BYTES_MAX) throw new BoxFull(bytesOf(others))
			more.forEach((draft) => drafts.set(draft.id, draft))
			bytes.forEach((content) => contents.set(content.id, content.bytes))
		},
		removeAll: async (ids) => ids.forEach(remove),
		waits: async () => [...drafts.values()].some((draft) => draft.state === 'waiting'),
		keep: async (one) => void (isNewer(one, seen.get(one.user + one.what)) && seen.set(one.user + one.what, one)),
		recall: async (user, what) => seen.get(user + what),
		forgetSeen: async (whose) => drop((one) => whose(one.user)),
		forgetDrafts: async (user) => [...drafts.values()].forEach((draft) => draft.user === user && remove(draft.id)),
		prune: async (before) => drop((one) => one.at < before),
	}
}
