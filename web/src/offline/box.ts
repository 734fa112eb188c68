/* What is kept on the device: drafts until they are sent, and what screens showed last. IndexedDB, by person. A browser that forbids it
 * makes `openBox` fail; the application then works as without this folder. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Id } from '@/api/types'
import { inOrder, type Draft } from './draft'
import type { DraftBox } from './send'

/** What a screen showed: as of when (server time) and, of one record, in which version. */
export interface Seen {
	user: Id
	what: string
	at: number
	/** The same moment by the device's own clock: how the two differ is known also without a line. */
	local: number
	version: number
	value: unknown
}

export interface Box extends DraftBox {
	keep(seen: Seen): Promise<void>
	recall(user: Id, what: string): Promise<Seen | undefined>
	/** All that was seen, by this person or by everybody else. */
	forgetSeen(whose: (user: Id) => boolean): Promise<void>
	forgetDrafts(user: Id): Promise<void>
	/** What was seen before that moment goes, and the oldest beyond the limit. */
	prune(before: number): Promise<void>
}

interface Shape extends DBSchema {
	draft: { key: Id; value: Draft; indexes: { user: Id } }
	seen: { key: [Id, string]; value: Seen; indexes: { at: number } }
}

const NAME = 'tenon'
const SEEN_MAX = 400

/** Newer by version, else by time: a slow answer never replaces a later one (F10). */
export const isNewer = (next: Seen, kept: Seen | undefined): boolean => !kept || next.version > kept.version || (next.version === kept.version && next.at >= kept.at)

async function keep(db: IDBPDatabase<Shape>, seen: Seen): Promise<void> {
	const tx = db.transaction('seen', 'readwrite')
	if (isNewer(seen, await tx.store.get([seen.user, seen.what]))) await tx.store.put(seen)
	await tx.done
}

/** Only while it is still there: what the person threw away meanwhile does not come back. */
async function replace(db: IDBPDatabase<Shape>, draft: Draft): Promise<void> {
	const tx = db.transaction('draft', 'readwrite')
	if (await tx.store.getKey(draft.id)) await tx.store.put(draft)
	await tx.done
}

async function prune(db: IDBPDatabase<Shape>, before: number): Promise<void> {
	const tx = db.transaction('seen', 'readwrite')
	let surplus = (await tx.store.count()) - SEEN_MAX
	for (let cursor = await tx.store.index('at').openCursor(); cursor; cursor = await cursor.continue()) {
		if (cursor.value.at >= before && surplus <= 0) break
		surplus--
		await cursor.delete()
	}
	await tx.done
}

async function forgetSeen(db: IDBPDatabase<Shape>, whose: (user: Id) => boolean): Promise<void> {
	const tx = db.transaction('seen', 'readwrite')
	for (let cursor = await tx.store.openCursor(); cursor; cursor = await cursor.continue()) {
		if (whose(cursor.value.user)) await cursor.delete()
	}
	await tx.done
}

export async function openBox(): Promise<Box> {
	const db = await openDB<Shape>(NAME, 1, {
		upgrade(fresh) {
			fresh.createObjectStore('draft', { keyPath: 'id' }).createIndex('user', 'user')
			fresh.createObjectStore('seen', { keyPath: ['user', 'what'] }).createIndex('at', 'at')
		},
		// A later release opens it anew: let go, so that it is not kept waiting.
		blocking: (_now, _next, event) => (event.target as IDBDatabase).close(),
	})
	return {
		drafts: async (user) => inOrder(await db.getAllFromIndex('draft', 'user', user)),
		put: async (draft) => void (await db.put('draft', draft)),
		replace: (draft) => replace(db, draft),
		remove: (id) => db.delete('draft', id),
		keep: (seen) => keep(db, seen),
		recall: (user, what) => db.get('seen', [user, what]),
		forgetSeen: (whose) => forgetSeen(db, whose),
		forgetDrafts: async (user) => {
			const tx = db.transaction('draft', 'readwrite')
			for (const id of await tx.store.index('user').getAllKeys(user)) await tx.store.delete(id)
			await tx.done
		},
		prune: (before) => prune(db, before),
	}
}
