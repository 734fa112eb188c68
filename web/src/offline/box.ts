/* What is kept on the device: drafts until they are sent, and what screens showed last. IndexedDB, by person. A browser that forbids it
 * makes `openBox` fail; the application then works as without this folder. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Id } from '@/api/types'
import { bytesOf, inOrder, KEPT_BYTES_MAX, type Content, type Draft } from './draft'
import { place } from './merge'
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

/** Not kept: the files of this person would take more than they may; so much they take. */
export class BoxFull extends Error {
	constructor(readonly used: number) {
		super('full')
	}
}

export interface Box extends DraftBox {
	/** All of them or none, on disk when it returns. Throws BoxFull. */
	putAll(drafts: Draft[], contents: Content[]): Promise<void>
	/** Puts an edit where it belongs (`place`), in one step; what is kept now, on disk. */
	join(edit: Draft): Promise<Draft>
	removeAll(ids: Id[]): Promise<void>
	/** Something of anybody waits to be sent. */
	waits(): Promise<boolean>
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
	/** Contents of files; apart from the drafts, which are read often. */
	content: { key: Id; value: Content; indexes: { user: Id } }
}

const NAME = 'tenon'
const VERSION = 2
const SEEN_MAX = 1000

/** Newer by version, else by time: a slow answer never replaces a later one (F10). */
export const isNewer = (next: Seen, kept: Seen | undefined): boolean => !kept || next.version > kept.version || (next.version === kept.version && next.at >= kept.at)

async function keep(db: IDBPDatabase<Shape>, seen: Seen): Promise<void> {
	const tx = db.transaction('seen', 'readwrite')
	if (isNewer(seen, await tx.store.get([seen.user, seen.what]))) await tx.store.put(seen)
	await tx.done
}

/** Only while it is still there: what the person threw away meanwhile does not come back. */
async function update(db: IDBPDatabase<Shape>, id: Id, change: (draft: Draft) => Draft): Promise<Draft | undefined> {
	const tx = db.transaction('draft', 'readwrite')
	const stands = await tx.store.get(id)
	const next = stands && change(stands)
	if (next) await tx.store.put(next)
	await tx.done
	return next
}

async function join(db: IDBPDatabase<Shape>, edit: Draft): Promise<Draft> {
	const tx = db.transaction('draft', 'readwrite', { durability: 'strict' })
	const kept = place(edit, inOrder(await tx.store.index('user').getAll(edit.user)))
	await tx.store.put(kept)
	await tx.done
	return kept
}

async function putAll(db: IDBPDatabase<Shape>, drafts: Draft[], contents: Content[]): Promise<void> {
	const tx = db.transaction(['draft', 'content'], 'readwrite', { durability: 'strict' })
	const [waiting, box] = [tx.objectStore('draft'), tx.objectStore('content')]
	const others = contents.length === 0 ? [] : (await waiting.index('user').getAll(contents[0]!.user)).filter((one) => drafts.every((draft) => draft.id !== one.id))
	if (contents.length > 0 && bytesOf([...others, ...drafts]) > KEPT_BYTES_MAX) {
		tx.abort()
		await tx.done.catch(() => undefined)
		throw new BoxFull(bytesOf(others))
	}
	// A failing one makes the whole fail: what that says is in `done`.
	for (const one of [...drafts.map((draft) => waiting.put(draft)), ...contents.map((content) => box.put(content))]) one.catch(() => undefined)
	await tx.done
}

async function removeAll(db: IDBPDatabase<Shape>, ids: Id[]): Promise<void> {
	const tx = db.transaction(['draft', 'content'], 'readwrite')
	for (const id of ids) void Promise.all([tx.objectStore('draft').delete(id), tx.objectStore('content').delete(id)]).catch(() => undefined)
	await tx.done
}

async function forgetDrafts(db: IDBPDatabase<Shape>, user: Id): Promise<void> {
	const tx = db.transaction(['draft', 'content'], 'readwrite')
	for (const store of [tx.objectStore('draft'), tx.objectStore('content')] as const) for (const id of await store.index('user').getAllKeys(user)) await store.delete(id)
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

/** `over`: a later release has opened it; nothing can be kept through this one any more. */
export async function openBox(over: () => void = () => undefined): Promise<Box> {
	const db = await openDB<Shape>(NAME, VERSION, {
		upgrade(db, from) {
			if (from < 1) {
				db.createObjectStore('draft', { keyPath: 'id' }).createIndex('user', 'user')
				db.createObjectStore('seen', { keyPath: ['user', 'what'] }).createIndex('at', 'at')
			}
			if (from < 2) db.createObjectStore('content', { keyPath: 'id' }).createIndex('user', 'user')
		},
		// A later release opens it anew: let go, so that it is not kept waiting.
		blocking: (_now, _next, event) => {
			(event.target as IDBDatabase).close()
			over()
		},
	})
	return {
		drafts: async (user) => inOrder(await db.getAllFromIndex('draft', 'user', user)),
		put: async (draft) => void (await db.put('draft', draft)),
		update: (id, change) => update(db, id, change),
		join: (edit) => join(db, edit),
		remove: (id) => removeAll(db, [id]),
		content: async (id) => (await db.get('content', id))?.bytes,
		putAll: (drafts, contents) => putAll(db, drafts, contents),
		removeAll: (ids) => removeAll(db, ids),
		waits: async () => (await db.getAll('draft')).some((draft) => draft.state === 'waiting'),
		keep: (seen) => keep(db, seen),
		recall: (user, what) => db.get('seen', [user, what]),
		forgetSeen: (whose) => forgetSeen(db, whose),
		forgetDrafts: (user) => forgetDrafts(db, user),
		prune: (before) => prune(db, before),
	}
}
