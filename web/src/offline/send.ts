/* Sends what waits, in order. Runs in a page and, when no page is open, in the service worker: no screen, no session, no Vue. Each draft
 * is on disk before it is sent and leaves it when the server has answered for good. */
import type { Id } from '@/api/types'
import { isFile, type Draft, type Fields, type Refusal, type Theirs } from './draft'
import { rebase } from './merge'

export interface DraftBox {
	/** Those of one person, in the order in which they were made. */
	drafts(user: Id): Promise<Draft[]>
	put(draft: Draft): Promise<void>
	/** The draft as it is now, changed in one step; undefined if it was thrown away meanwhile. */
	update(id: Id, change: (draft: Draft) => Draft): Promise<Draft | undefined>
	/** With its content, if it is a file. */
	remove(id: Id): Promise<void>
	content(id: Id): Promise<ArrayBuffer | undefined>
}

export interface Sent {
	draft: Draft
	answer: Fields | undefined
}

export interface Report {
	sent: Sent[]
	/** clear: nothing waits any more; line: try again later; door: sign in first; stranger: somebody else is signed in here. */
	end: 'clear' | 'line' | 'door' | 'stranger'
	retryAfterMs?: number
}

export interface Answer {
	status: number
	body: Fields | undefined
	retryAfterMs?: number
}

export type Fetch = (path: string, init: RequestInit) => Promise<Response>

const ROOT = '/api/v1'
const TIMEOUT_MS = 20_000
/** Whether there is a line at all shows sooner. */
const FIRST_TIMEOUT_MS = 8000
/** Who says to come back much later is asked before that. */
const RETRY_MAX_MS = 15 * 60_000
/** An edit that meets a newer version again and again waits for a quieter moment. */
const TRIES_MAX = 4
/** A contact that is sent later than this says when it took place. */
export const LATE_MS = 60_000

/** The server did this already: an earlier attempt arrived, its answer did not. */
const DONE = new Set(['already_logged', 'exists'])
const LATER = new Set(['idempotency_under_way'])
const DOOR = new Set(['must_change_password'])

const late = (draft: Draft, now: number) => draft.act === 'touch' && now - draft.made > LATE_MS

function target(draft: Draft): { method: string; path: string } {
	if (draft.act === 'touch') return { method: 'POST', path: `/leads/${draft.record}/touch` }
	if (draft.act === 'create') return { method: 'POST', path: `/records/${draft.object}` }
	return { method: 'PATCH', path: `/records/${draft.object}/${draft.record}` }
}

function bodyOf(draft: Draft, now: number): Fields {
	if (draft.act === 'create') return { id: draft.record, ...draft.body }
	if (draft.act === 'edit') return draft.body
	return { ...draft.body, activity: draft.id, ...(late(draft, now) ? { happened_at: new Date(draft.made).toISOString() } : {}) }
}

const version = (edit: Draft) => edit.base?.version ?? 0

function headersOf(draft: Draft, now: number): Record<string, string> {
	const headers: Record<string, string> = { 'Content-Type': 'application/json', Accept: 'application/json', 'Accept-Language': draft.lang }
	// The same key means the same bytes: an edit goes out as it is or on another version.
	if (draft.act === 'edit') return { ...headers, 'If-Match': `"${version(draft)}"`, 'Idempotency-Key': `${draft.id}-${version(draft)}` }
	// With the time it took place it is another message. That it counts once, its id sees to.
	return { ...headers, 'Idempotency-Key': late(draft, now) ? `${draft.id}-late` : draft.id }
}

function parsed(text: string): Fields | undefined {
	try {
		const value: unknown = JSON.parse(text)
		return typeof value === 'object' && value !== null ? (value as Fields) : undefined
	} catch {
		return undefined
	}
}

/** What is no answer of the house - the sign-in page of a network, a proxy's own fault, an answer that was cut - did not reach it. That
 * something on the way takes nothing so large is told. */
const isForeign = (status: number, body: Fields | undefined) => !body && status !== 204 && status !== 413 && status !== 429 && status < 500

export async function ask(fetch: Fetch, path: string, init: RequestInit): Promise<Answer> {
	try {
		const response = await fetch(ROOT + path, { credentials: 'same-origin', signal: AbortSignal.timeout?.(TIMEOUT_MS), ...init })
		const body = response.status === 204 ? undefined : parsed(await response.text())
		const retryAfterMs = Math.min(Number(response.headers.get('Retry-After')) * 1000, RETRY_MAX_MS) || undefined
		return { status: isForeign(response.status, body) ? 0 : response.status, body, retryAfterMs }
	} catch {
		return { status: 0, body: undefined }
	}
}

type Verdict = 'sent' | 'line' | 'door' | 'stale' | 'refused'

export function judge(status: number, code: unknown, act: Draft['act']): Verdict {
	if (status >= 200 && status < 300) return 'sent'
	if (status === 401 || DOOR.has(String(code))) return 'door'
	if (status === 0 || status === 408 || status === 429 || status >= 500 || LATER.has(String(code))) return 'line'
	// Somebody made the same at that moment: the next attempt is told which of the two it was.
	if (act === 'create' && code === 'changed_meanwhile') return 'line'
	// A file that is there already is answered with 200; 409 is another one.
	if (status === 409 && act !== 'edit' && act !== 'file' && DONE.has(String(code))) return 'sent'
	// Somebody wrote at the very same moment: the version is old either way.
	if (act === 'edit' && (status === 412 || code === 'changed_meanwhile')) return 'stale'
	return 'refused'
}

export function refusalOf({ status, body }: Answer): Refusal {
	return { status, code: String(body?.code ?? status), detail: String(body?.detail ?? body?.title ?? status), fields: Array.isArray(body?.fields) ? (body.fields as Refusal['fields']) : [] }
}

interface HistoryRow {
	at: string
	who: { name: string } | null
	fields: Fields
}

/** What the server has now, and who made it so. */
async function theirsOf(fetch: Fetch, draft: Draft): Promise<Answer & { theirs?: Theirs }> {
	const path = `/records/${draft.object}/${draft.record}`
	const record = await ask(fetch, path, { headers: { 'Accept-Language': draft.lang } })
	if (record.status !== 200 || !record.body) return record
	const history = await ask(fetch, `${path}/history`, { headers: { 'Accept-Language': draft.lang } })
	const rows = (history.body?.items ?? []) as HistoryRow[]
	const last = rows.find((row) => Object.keys(draft.body).some((name) => name in (row.fields ?? {})))
	return { ...record, theirs: { version: Number(record.body.version), values: record.body, who: last?.who?.name, at: last?.at } }
}

/** What was typed later on the same record was typed upon what has just arrived. */
function upon(later: Draft, done: Draft, answer: Fields): Draft {
	if (later.state !== 'waiting' || !later.base) return later
	const known = Object.keys(done.body).filter((name) => name in later.body)
	const values = { ...later.base.values, ...Object.fromEntries(known.map((name) => [name, answer[name] ?? null])) }
	return { ...later, base: { version: later.base.version === done.base?.version ? Number(answer.version) : later.base.version, values } }
}

async function carryOn(box: DraftBox, done: Draft, answer: Fields): Promise<void> {
	const later = (await box.drafts(done.user)).filter((one) => one.id !== done.id && one.act === 'edit' && one.record === done.record)
	for (const { id } of later) await box.update(id, (one) => upon(one, done, answer))
}

export type Step = 'next' | { end: 'line' | 'door'; retryAfterMs?: number }

export async function refuse(box: DraftBox, draft: Draft, answer: Answer): Promise<Step> {
	await box.update(draft.id, (now) => ({ ...now, state: 'refused', refusal: refusalOf(answer) }))
	return 'next'
}

/** The record has moved on: what nobody else touched goes on with the version there is now. */
async function onStale(box: DraftBox, fetch: Fetch, draft: Draft, sent: Sent[]): Promise<Step> {
	const now = await theirsOf(fetch, draft)
	if (!now.theirs) {
		const why = judge(now.status, now.body?.code, 'edit')
		return why === 'line' || why === 'door' ? { end: why, retryAfterMs: now.retryAfterMs } : refuse(box, draft, now)
	}
	const next = rebase(draft, now.theirs)
	if (next) await box.update(draft.id, () => next)
	else {
		await box.remove(draft.id)
		sent.push({ draft, answer: now.body })
	}
	return 'next'
}

async function sendOne(box: DraftBox, fetch: Fetch, id: Id, now: number, sent: Sent[]): Promise<Step> {
	const draft = await box.update(id, (one) => (one.act === 'edit' ? { ...one, tried: true } : one))
	if (!draft) return 'next'
	const { method, path } = target(draft)
	const answer = await ask(fetch, path, { method, headers: headersOf(draft, now), body: JSON.stringify(bodyOf(draft, now)) })
	const verdict = judge(answer.status, answer.body?.code, draft.act)
	if (verdict === 'line' || verdict === 'door') return { end: verdict, retryAfterMs: answer.retryAfterMs }
	if (verdict === 'stale') return onStale(box, fetch, draft, sent)
	if (verdict === 'refused') return refuse(box, draft, answer)
	const body = answer.status < 300 ? answer.body : undefined
	// Before it is forgotten: whoever closes the page between the two would meet his own edit as somebody else's.
	if (draft.act === 'edit' && body) await carryOn(box, draft, body)
	await box.remove(draft.id)
	sent.push({ draft, answer: body })
	return 'next'
}

/** Whose session is it? What one person typed is never sent in the name of another who signed in on the same device. */
export async function otherThan(user: Id, fetch: Fetch): Promise<Omit<Report, 'sent'> | undefined> {
	const me = await ask(fetch, '/me', { signal: AbortSignal.timeout?.(FIRST_TIMEOUT_MS) })
	if (me.status !== 200) return { end: judge(me.status, me.body?.code, 'create') === 'door' ? 'door' : 'line', retryAfterMs: me.retryAfterMs }
	return me.body?.id === user ? undefined : { end: 'stranger' }
}

/** All but files: those go their own way, so that no contact waits behind ten megabytes. */
export async function sendAll(box: DraftBox, user: Id, fetch: Fetch, now: () => number): Promise<Report> {
	const sent: Sent[] = []
	const typed = async () => (await box.drafts(user)).filter((draft) => !isFile(draft))
	if (!(await typed()).some((draft) => draft.state === 'waiting')) return { sent, end: 'clear' }
	const other = await otherThan(user, fetch)
	if (other) return { sent, ...other }

	const tries = new Map<Id, number>()
	for (;;) {
		const all = await typed()
		// What is about a record that could not be made waits with it.
		const missing = new Set(all.filter((draft) => draft.act === 'create' && draft.state === 'refused').map((draft) => draft.record))
		const draft = all.find((one) => one.state === 'waiting' && !missing.has(one.record))
		if (!draft) return { sent, end: 'clear' }
		const tried = (tries.get(draft.id) ?? 0) + 1
		if (tried > TRIES_MAX) return { sent, end: 'line' }
		tries.set(draft.id, tried)
		const step = await sendOne(box, fetch, draft.id, now(), sent)
		if (step !== 'next') return { sent, ...step }
	}
}
