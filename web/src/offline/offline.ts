/* Keeps what was seen and what was typed, and sends it when there is a line. One queue a browser: a lock decides which tab sends. */
import { watch } from 'vue'
import { askRenewal, Problem } from '@/api/http'
import { leadView, timelineOf } from '@/api/leads'
import type { Boot, Desk, Id } from '@/api/types'
import { lang } from '@/i18n/i18n'
import { serverNow } from '@/live/clock'
import { live } from '@/live/live'
import { me, reloadBoot, session } from '@/session/session'
import { isPhone } from '@/shell/viewport'
import { toast, toastError } from '@/ui/toast'
import type { Box } from './box'
import { isFile, newId, type Content, type Draft, type Fields, type FileDraft } from './draft'
import { belongTo, flushFiles, notKept, remember, submitFiles } from './files'
import { changed, isOutdated, locked, onChanged, opening, plain, refresh } from './kept'
import { resolve as resolved } from './merge'
import { watchKeyboard } from './keyboard'
import { askSync, pace, SYNC } from './pace'
import { endPushOfOthers, withdrawPush } from './push'
import { register } from './release'
import { sendAll, type Report, type Sent } from './send'
import { begun, keptUser, setKeptUser, unsent } from './state'
import { t } from './text'

const KEEP_MS = 7 * 86_400_000
const FRESH_MS = 10 * 60_000
const AHEAD_MAX = 20

/* ---- what was seen ---- */

export async function keep(what: string, value: unknown, version: number): Promise<void> {
	if (!session.boot) return
	await (await opening).keep({ user: me().id, what, at: serverNow(), local: Date.now(), version, value: plain(value) })
	if (what === 'desk' && isPhone.value) void fetchAhead(value as Desk)
}

export async function recall<T>(what: string): Promise<{ value: T; at: number; now: number } | undefined> {
	const user = session.boot ? me().id : keptUser()
	const seen = user ? await (await opening).recall(user, what) : undefined
	return seen && { value: seen.value as T, at: seen.at, now: seen.at + Date.now() - seen.local }
}

let ahead = false

/** The leads of the desk can be opened without a line, also those nobody has opened yet. */
async function fetchAhead(desk: Desk): Promise<void> {
	if (ahead) return
	ahead = true
	const ids = [...new Set([...desk.cards.map((card) => card.id), ...desk.top.map(({ lead }) => lead.id), ...desk.follow_ups.map(({ lead }) => lead)])]
	try {
		for (const id of ids.slice(0, AHEAD_MAX)) {
			const known = await recall(`lead/${id}`)
			if (known && serverNow() - known.at < FRESH_MS) continue
			const lead = await leadView(id)
			await keep(`lead/${id}`, lead, lead.version)
			await keep(`timeline/${id}`, await timelineOf(id), 0)
		}
	} catch {
		// The line is gone, or somebody has to sign in: the next look at the desk goes on.
	} finally {
		ahead = false
	}
}

/* ---- what was typed ---- */

const waits = () => unsent.value.some((draft) => draft.state === 'waiting')

let queue: Promise<unknown> = Promise.resolve()
let running = 0
/** Who waits for the answer to a draft: a run that somebody else began may be the one that sends it. */
const awaited = new Map<Id, (sent: Sent) => void>()

async function run(): Promise<Report> {
	if (isOutdated()) return { sent: [], end: 'clear' }
	if (!session.boot || navigator.onLine === false) return { sent: [], end: unsent.value.some((draft) => !isFile(draft) && draft.state === 'waiting') ? 'line' : 'clear' }
	const user = me().id
	const send = async () => {
		const report = await locked(SYNC, async () => sendAll(await opening, user, (path, init) => fetch(path, init), serverNow))
		report.sent.forEach((one) => awaited.get(one.draft.id)?.(one))
		return report
	}
	const report = await send()
	if (report.end !== 'door' || !(await askRenewal())) return report
	const more = await send()
	return { ...more, sent: [...report.sent, ...more.sent] }
}

const later = pace(() => flush())

/** One run after another: what was put in while one was under way is in that one or in the next. */
function send(): Promise<Report> {
	running++
	const next = queue.then(run)
	queue = next.catch(() => undefined).finally(() => running--)
	return next.then(async (report) => {
		await changed()
		later(report)
		flushFiles()
		return report
	})
}

/** Sends what waits, and says so. */
export function flush(): void {
	if (!waits() || isOutdated()) return
	void send().then(({ sent }) => {
		if (sent.length > 0) toast(t('sent', { n: sent.length }), { tone: 'ok' })
		if (unsent.value.some((draft) => !isFile(draft) && draft.state !== 'waiting')) remember(toast(t('someRefused'), { tone: 'error' }))
	}, (error) => isOutdated() || toastError(error))
}

/** For who wants to leave: returns when all that can be sent is sent. */
export async function submitAll(): Promise<void> {
	await send()
	await submitFiles()
}

export type Outcome =
	| { state: 'sent'; answer: Fields | undefined }
	| { state: 'waiting' }
	| { state: 'refused'; problem: Problem }
	| { state: 'conflict'; draft: Draft }

export type Typed = Pick<Draft, 'act' | 'object' | 'title' | 'body'> & Partial<Pick<Draft, 'id' | 'record' | 'base' | 'labels'>>

function draftOf(typed: Typed): Draft {
	const id = typed.id ?? newId(serverNow())
	return { id, user: me().id, record: id, made: serverNow(), lang: lang.value, state: 'waiting', ...plain(typed) }
}

/** On the device when it returns. While this page sends, an edit stays alone: who typed it waits for an answer of its own. */
async function keepTyped(box: Box, typed: Typed, files: readonly FileDraft[]): Promise<Draft> {
	const draft = draftOf(typed)
	if (draft.act === 'edit' && (running === 0 || navigator.onLine === false)) return box.join(draft)
	await box.putAll([draft, ...belongTo(draft, files)], [])
	return draft
}

/** It is on the device, and the page that took over sends it. */
function unlessOutdated(error: unknown): Report {
	if (!isOutdated()) throw error
	return { sent: [], end: 'clear' }
}

const problemOf = ({ refusal }: Draft) => new Problem(refusal?.status ?? 0, refusal?.code ?? '', refusal?.detail ?? '', refusal?.fields)

/** Kept first, with what belongs to it, then sent. What the server refuses while the person looks on goes back to the form, which still has
 * the words and the files. */
export async function submit(typed: Typed, files: readonly FileDraft[] = []): Promise<Outcome> {
	const box = await opening
	let draft: Draft
	try {
		draft = await keepTyped(box, typed, files)
	} catch (error) {
		return { state: 'refused', problem: notKept(error) }
	}
	let done: Sent | undefined
	awaited.set(draft.id, (sent) => (done = sent))
	await refresh()
	await send().catch(unlessOutdated).finally(() => awaited.delete(draft.id))
	if (done) return { state: 'sent', answer: done.answer }
	if (isOutdated()) return { state: 'waiting' }
	const left = unsent.value.find((one) => one.id === draft.id)
	// Another tab sent it, or the browser itself.
	if (!left) return { state: 'sent', answer: undefined }
	if (left.state === 'conflict') return { state: 'conflict', draft: left }
	if (left.state === 'waiting' && !box.fleeting) return { state: 'waiting' }
	// The files first: without their contact they would be sent.
	await box.putAll([...files], [])
	await box.remove(draft.id)
	await changed()
	return { state: 'refused', problem: left.refusal ? problemOf(left) : new Problem(0, 'offline', t('noLine')) }
}

/** Of what is done with a line or not at all. */
export const needsLine = (): Problem => new Problem(0, 'offline', t('needsLine'))

async function put(draft: Draft): Promise<void> {
	await (await opening).put(draft)
	await changed()
	flush()
}

const belonging = (draft: Draft) => unsent.value.filter(isFile).filter((file) => file.body.activity === draft.id)

async function putBack(drafts: Draft[], contents: Content[]): Promise<void> {
	await (await opening).putAll(drafts, contents)
	await changed()
	flush()
}

/** A contact goes with its files, and comes back with them: what to say, and how to take it back. */
export async function takeOut(draft: Draft): Promise<{ said: string; undo: () => void }> {
	const box = await opening
	const files = isFile(draft) ? [draft] : belonging(draft)
	const gone = isFile(draft) ? files : [draft, ...files]
	const contents: Content[] = []
	for (const { id, user } of files) {
		const bytes = await box.content(id)
		if (bytes) contents.push({ id, user, bytes })
	}
	await box.removeAll(gone.map(({ id }) => id))
	await changed()
	return {
		said: gone.length > 1 ? t('discardedWith', { n: files.length }) : t('discarded'),
		undo: () => void putBack(gone, contents).catch((error) => toastError(notKept(error))),
	}
}

export async function discard(draft: Draft): Promise<void> {
	const { said, undo } = await takeOut(draft)
	toast(said, { action: { label: t('undo'), run: undo } })
}

/** Once more; `asNow`: with the time of this moment, for a time the server cannot accept. */
export const retry = (draft: Draft, asNow = false): Promise<void> => put({ ...draft, state: 'waiting', refusal: undefined, ...(asNow ? { made: serverNow() } : {}) })

/** The person chose between two values of a field. */
export async function settle(draft: Draft, mine: ReadonlySet<string>): Promise<void> {
	const next = resolved(draft, mine)
	if (next) return put(next)
	await (await opening).remove(draft.id)
	await changed()
}

/** What cannot be sent as it is becomes a note of one's own, with the words that were typed. */
export async function toNote(draft: Draft, words: string): Promise<void> {
	const box = await opening
	// Its files go on to the lead without it.
	for (const file of belonging(draft)) await box.update(file.id, (now) => ({ ...now, body: { ...now.body, activity: undefined } }))
	await box.remove(draft.id)
	await put(draftOf({ act: 'create', object: 'activity', title: draft.title, body: { kind: 'note', summary: `${draft.title}\n${words}` } }))
}

/** Signing out: nothing of this person stays on the device. */
export async function forget(user: Id): Promise<void> {
	const box = await opening
	await box.forgetDrafts(user)
	await box.forgetSeen((whose) => whose === user)
	unsent.value = []
	begun.value = []
	await changed()
	await withdrawPush()
}

/* ---- start ---- */

function keepBoot(boot: Boot | null, before?: Boot | null): void {
	if (!boot) return
	const { id, role, team } = boot.user
	// What was seen in another role or team is not shown again for want of a line.
	const wasOther = before?.user.id === id && (before.user.role !== role || before.user.team !== team)
	if (wasOther) void opening.then((box) => box.forgetSeen((user) => user === id)).then(() => keep('boot', boot, 0)).catch(() => undefined)
	setKeptUser(boot.user.id)
	if (!session.kept) void keep('boot', boot, 0)
}

async function tidy(): Promise<void> {
	const box = await opening
	const mine = me().id
	await box.forgetSeen((user) => user !== mine)
	await box.prune(serverNow() - KEEP_MS)
}

let started = false

export async function start(): Promise<void> {
	if (started) return
	started = true
	// Where no service worker keeps it, it has to be here before the line is gone.
	void import('./UnsentBar.vue').catch(() => undefined)
	watch(() => session.boot, keepBoot, { immediate: true })
	watch(() => live.state, (state) => {
		if (state !== 'live') return
		if (session.kept) void reloadBoot().catch(() => undefined)
		flush()
	})
	addEventListener('online', flush)
	// Whoever puts the phone away may close this page: what is on its way then is finished without it.
	document.addEventListener('visibilitychange', () => (document.hidden ? waits() && askSync() : flush()))
	onChanged(() => void refresh())
	navigator.serviceWorker?.addEventListener('message', ({ data }) => data === 'send' && flush())
	register()
	watchKeyboard()
	watch(lang, (now) => document.querySelector('link[rel=manifest]')?.setAttribute('href', now === 'en' ? '/manifest.en.webmanifest' : '/manifest.webmanifest'), { immediate: true })
	// Asked for once there is something to lose: the browser may then not clear it when it runs short.
	watch(() => unsent.value.length > 0, (some) => some && void navigator.storage?.persist?.().catch(() => undefined))
	await tidy().catch(() => undefined)
	void endPushOfOthers(me().id).catch(() => undefined)
	await refresh()
	flush()
}
