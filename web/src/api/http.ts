/* One road to the server: JSON in and out, problem+json as Problem, an Idempotency-Key on each POST, a session that ended is
 * renewed by the person without losing what the screen holds. */
import { lang } from '@/i18n/i18n'
import { attempts } from './attempts'
import { text } from './text'

export interface FieldFault {
	field: string
	code: string
	detail: string
}

export class Problem extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		readonly detail: string,
		readonly fields: FieldFault[] = [],
		readonly more: Record<string, unknown> = {},
	) {
		super(detail)
		this.name = 'Problem'
	}

	/** The request never reached an answer. */
	get offline(): boolean {
		return this.status === 0
	}

	/** The sentence for one field, if the server named it. */
	of(field: string): string | undefined {
		return this.fields.find((fault) => fault.field === field)?.detail
	}
}

export type Query = Record<string, string | number | boolean | null | undefined>

export interface Options {
	query?: Query
	body?: unknown
	/** Version the caller has seen: refused with 412 when the record has moved on. */
	ifMatch?: number
	signal?: AbortSignal
	/** Repeat of an earlier attempt: pass the same key and the server acts once. */
	key?: string
	/** Answer 401 to the caller instead of asking for the password. */
	anonymous?: boolean
	/** How long to wait for the whole answer, where the usual time is too short. */
	patienceMs?: number
}

/** Nobody looks at a wheel that turns for ever: what does not come is said, and can be asked for again. */
const READ_MS = 30_000
const WRITE_MS = 60_000

/** Asked by POST because of their body, but they change nothing: no key to remember an answer by. */
const QUESTIONS = new Set(['/leads/check', '/expr/check', '/policy/try'])

type Renew = () => Promise<boolean>
let renew: Renew = async () => false

/** The session registers how a person signs in again; true means: try the request once more. */
export function onExpired(handler: Renew): void {
	renew = handler
}

/** For those who send by themselves: asks the person to sign in again. */
export const askRenewal = (): Promise<boolean> => renew()

/** UUID that also works on plain http, where crypto.randomUUID is missing. */
export function uuid(): string {
	const b = crypto.getRandomValues(new Uint8Array(16))
	b[6] = (b[6]! & 0x0f) | 0x40
	b[8] = (b[8]! & 0x3f) | 0x80
	const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('')
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export function address(path: string, query?: Query): string {
	const search = new URLSearchParams()
	for (const [name, value] of Object.entries(query ?? {})) {
		if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
	}
	const tail = search.toString()
	return `/api/v1${path}${tail ? `?${tail}` : ''}`
}

function init(method: string, path: string, o: Options, key: string): RequestInit {
	const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': lang.value }
	if (o.body !== undefined) headers['Content-Type'] = 'application/json'
	if (o.ifMatch !== undefined) headers['If-Match'] = `"${o.ifMatch}"`
	if (method === 'POST' && !QUESTIONS.has(path)) headers['Idempotency-Key'] = key
	return {
		method,
		headers,
		credentials: 'same-origin',
		body: o.body === undefined ? undefined : JSON.stringify(o.body),
		signal: o.signal,
	}
}

const keys = attempts(uuid)

const attemptOf = (method: string, path: string, o: Options) =>
	keys(method === 'POST' && !o.key ? `${path} ${JSON.stringify(o.body)}` : null, o.key)

/** Done or not done: nobody here knows. */
const isUnknown = (problem: unknown) =>
	problem instanceof Problem && ([0, 502, 503, 504].includes(problem.status) || problem.code === 'idempotency_under_way')

/** An answer as it came, whole. */
interface Answer {
	status: number
	body: string
	retryAfter: number
}

/** Not from the server, or not all of it: a page of the network's sign-in, a proxy's fault, an answer that was cut. */
const NO_JSON = Symbol('no JSON')

/** Signs that turn the direction of text: one in a name would turn round whatever stands behind it on the same line. Scripts that run from
 * right to left do without. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g

function parsed(body: string): unknown {
	try {
		return JSON.parse(body.replace(TURNING, ''))
	} catch {
		return NO_JSON
	}
}

/** What something before the server answered, in words. */
function wordsOf({ status, retryAfter }: Answer): string {
	if (status === 413) return text('tooLarge')
	if (status === 429) return retryAfter > 0 ? text('tooOftenUntil', { n: retryAfter }) : text('tooOften')
	return [502, 503, 504].includes(status) ? text('offline') : text('unexpected', { status })
}

function problemOf(answer: Answer): Problem {
	const said = parsed(answer.body)
	if (said === NO_JSON || typeof said !== 'object' || said === null) return new Problem(answer.status, String(answer.status), wordsOf(answer))
	const { title, code, detail, fields, status: _status, type: _type, ...more } = said as Record<string, never>
	return new Problem(answer.status, code ?? String(answer.status), detail || title || wordsOf(answer), fields ?? [], more)
}

async function once(method: string, path: string, o: Options, key: string): Promise<Answer> {
	const limit = new AbortController()
	const stop = () => limit.abort()
	let late = false
	const timer = setTimeout(() => {
		late = true
		stop()
	}, o.patienceMs ?? (method === 'GET' ? READ_MS : WRITE_MS))
	o.signal?.addEventListener('abort', stop)
	if (o.signal?.aborted) stop()
	try {
		const response = await fetch(address(path, o.query), init(method, path, { ...o, signal: limit.signal }, key))
		return { status: response.status, body: response.status === 204 ? '' : await response.text(), retryAfter: Number(response.headers.get('Retry-After')) || 0 }
	} catch (error) {
		if (!late && error instanceof DOMException && error.name === 'AbortError') throw error
		throw new Problem(0, 'offline', text(late ? 'late' : 'offline'))
	} finally {
		clearTimeout(timer)
		o.signal?.removeEventListener('abort', stop)
	}
}

async function sent(method: string, path: string, o: Options, key: string): Promise<Answer> {
	const answer = await once(method, path, o, key)
	if (answer.status !== 401 || o.anonymous) return answer
	return (await renew()) ? once(method, path, o, key) : answer
}

async function ask<T>(method: string, path: string, o: Options, key: string): Promise<T> {
	const answer = await sent(method, path, o, key)
	if (answer.status < 200 || answer.status > 299) throw problemOf(answer)
	if (answer.status === 204) return undefined as T
	const said = parsed(answer.body)
	if (said === NO_JSON) throw new Problem(0, 'offline', text('offline'))
	return said as T
}

export async function request<T>(method: string, path: string, o: Options = {}): Promise<T> {
	const attempt = attemptOf(method, path, o)
	try {
		const answer = await ask<T>(method, path, o, attempt.key)
		attempt.over()
		return answer
	} catch (problem) {
		if (isUnknown(problem)) attempt.again()
		else attempt.over()
		throw problem
	}
}

export const get = <T>(path: string, query?: Query, o?: Options) => request<T>('GET', path, { ...o, query })
export const post = <T>(path: string, body?: unknown, o?: Options) => request<T>('POST', path, { ...o, body: body ?? {} })
export const put = <T>(path: string, body: unknown, o?: Options) => request<T>('PUT', path, { ...o, body })
export const patch = <T>(path: string, body: unknown, o?: Options) => request<T>('PATCH', path, { ...o, body })
export const del = <T>(path: string, o?: Options) => request<T>('DELETE', path, o)
