/* Photos, voice notes and documents on their way: kept on the device first, then sent on a way of their own, so that what is typed never
 * waits behind them. */
import { shallowReactive } from 'vue'
import { askRenewal, Problem } from '@/api/http'
import type { Id } from '@/api/types'
import { lang } from '@/i18n/i18n'
import { serverNow } from '@/live/clock'
import { me, session } from '@/session/session'
import { size } from '@/ui/size'
import { dismiss, toast, toastError } from '@/ui/toast'
import { BoxFull } from './box'
import { isFile, KEPT_BYTES_MAX, newId, type Chosen, type Content, type Draft, type FileDraft } from './draft'
import { changed, isOutdated, locked, opening } from './kept'
import { pace } from './pace'
import type { Fetch } from './send'
import { FILES_LOCK, isHeld, sendFiles, type FileReport } from './sendFiles'
import { listing, unsent } from './state'
import { t } from './text'
import { uploading } from './upload'

/** How far each is that is on its way. */
export const shares = shallowReactive(new Map<Id, number>())
/** Put in by this page, and not yet waiting for a line: nobody need be told that they have arrived. */
const fresh = new Set<Id>()

export interface Target {
	/** The lead, and what it is called. */
	record: Id
	title: string
}

/** Read now: what the person removes from the device meanwhile is sent all the same. */
async function filesFor({ record, title }: Target, chosen: readonly Chosen[], state: 'waiting' | 'begun'): Promise<{ drafts: FileDraft[]; contents: Content[] }> {
	const user = me().id
	const now = serverNow()
	const contents = await Promise.all(chosen.map(async ({ blob }, n) => ({ id: newId(now + n), user, bytes: await blob.arrayBuffer() })))
	const drafts = contents.map(({ id, bytes }, n): FileDraft => {
		const { name, blob } = chosen[n]!
		return { id, user, act: 'file', object: 'lead', record, title, made: now + n, lang: lang.value, state, body: { name, type: blob.type, bytes: bytes.byteLength } }
	})
	return { drafts, contents }
}

/** The files of a contact that is being saved: from now on they wait, each after the one before it. */
export function belongTo(contact: Draft, files: readonly FileDraft[]): FileDraft[] {
	files.forEach(({ id }) => fresh.add(id))
	return files.map((file, n) => ({ ...file, title: contact.title, made: contact.made + n, state: 'waiting', body: { ...file.body, activity: contact.id } }))
}

/** Chosen for a contact that is being written: kept with its draft. */
export async function begin(to: Target, chosen: Chosen): Promise<void> {
	const { drafts, contents } = await filesFor(to, [chosen], 'begun')
	await (await opening).putAll(drafts, contents)
	await changed()
}

/** Taken away from the contact again. */
export async function giveUp(id: Id): Promise<void> {
	await (await opening).remove(id)
	await changed()
}

/** The sentence for what could not be kept. */
export function notKept(error: unknown): Problem {
	if (isOutdated()) return new Problem(0, 'outdated', t('outdated'))
	if (error instanceof BoxFull) return new Problem(413, 'device_full', t('boxFull', { max: size(KEPT_BYTES_MAX), used: size(error.used) }))
	if (error instanceof DOMException && error.name === 'NotReadableError') return new Problem(0, 'unreadable', t('unreadable'))
	if (error instanceof DOMException && error.name === 'QuotaExceededError') return new Problem(507, 'device_full', t('noRoom'))
	console.error(error)
	return new Problem(0, 'not_kept', t('notKept'))
}

/** Kept, then sent. False: it could not be kept, which was said. */
export async function addFiles(to: Target, chosen: readonly Chosen[]): Promise<boolean> {
	try {
		const { drafts, contents } = await filesFor(to, chosen, 'waiting')
		drafts.forEach(({ id }) => fresh.add(id))
		await (await opening).putAll(drafts, contents)
	} catch (error) {
		toastError(notKept(error))
		return false
	}
	await changed()
	flushFiles()
	return true
}

/** The way of one file to the server, with how far it is. */
function wayOf({ id }: { id: Id }): Fetch {
	// What went before it has arrived: the screens need not wait for the rest.
	void changed()
	shares.set(id, 0)
	const way = uploading((share) => shares.set(id, share))
	return (path, init) => way(path, init).finally(() => shares.delete(id))
}

async function run(): Promise<FileReport> {
	if (isOutdated()) return { sent: [], refused: [], end: 'clear' }
	if (!session.boot || navigator.onLine === false) return { sent: [], refused: [], end: 'line' }
	const user = me().id
	const send = () => locked(FILES_LOCK, async () => sendFiles(await opening, user, (path, init) => fetch(path, init), wayOf))
	const report = await send()
	if (report.end !== 'door' || !(await askRenewal())) return report
	const more = await send()
	return { ...more, sent: [...report.sent, ...more.sent], refused: [...report.refused, ...more.refused] }
}

/** Toasts about what waits. */
let told: number[] = []
export const remember = (id: number): void => void told.push(id)

/** The person looks at the list: it says the same, and more. */
export function hush(): void {
	told.forEach(dismiss)
	told = []
}

function tell({ sent, refused, end }: FileReport): void {
	const late = sent.filter(({ draft }) => !fresh.delete(draft.id)).length
	if (late > 0) toast(t('sentFiles', { n: late }), { tone: 'ok' })
	for (const draft of refused.filter(isFile)) {
		fresh.delete(draft.id)
		const action = { label: t('look'), run: () => void (listing.value = true) }
		told.push(toast(t('fileRefused', { name: draft.body.name }), { detail: draft.refusal?.detail || t('contentLost'), tone: 'error', action }))
	}
	if (end !== 'line') return
	const kept = unsent.value.filter(isFile).filter((draft) => !isHeld(draft, unsent.value) && fresh.delete(draft.id)).filter(({ body }) => body.activity).length
	// The list of files of a lead says it itself.
	if (kept > 0) told.push(toast(t('filesKept', { n: kept })))
}

let queue: Promise<unknown> = Promise.resolve()
const later = pace(() => flushFiles())

/** One run after another; returns when this one is over. */
export function submitFiles(): Promise<void> {
	const next = queue.then(run)
	queue = next.catch(() => undefined)
	return next.then(async (report) => {
		await changed()
		later(report)
		tell(report)
	})
}

export function flushFiles(): void {
	if (unsent.value.some((draft) => isFile(draft) && draft.state === 'waiting')) void submitFiles().catch((error) => isOutdated() || toastError(error))
}

/** To look at, or to keep elsewhere; undefined: the browser has cleared it. */
export async function fileOf(draft: FileDraft): Promise<Blob | undefined> {
	const bytes = await (await opening).content(draft.id)
	return bytes && new Blob([bytes], { type: draft.body.type })
}
