/* One road to the server: JSON in and out, problem+json as Problem, an Idempotency-Key on each POST, a session that ended is
 * renewed by the person without losing what the screen holds. */
import { lang } from '@/i18n/i18n'
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
}

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

async function problemOf(response: Response): Promise<Problem> {
	const fallback = text('unexpected', { status: response.status })
	try {
		const { title, code, detail, fields, status: _status, type: _type, ...more } = await response.json()
		return new Problem(response.status, code ?? String(response.status), detail || title || fallback, fields ?? [], more)
	} catch {
		return new Problem(response.status, String(response.status), fallback)
	}
}

async function once(method: string, path: string, o: Options, key: string): Promise<Response> {
	try {
		return await fetch(address(path, o.query), init(method, path, o, key))
	} catch (error) {
		if (error instanceof DOMException && error.name === 'AbortError') throw error
		throw new Problem(0, 'offline', text('offline'))
	}
}

async function sent(method: string, path: string, o: Options, key: string): Promise<Response> {
	const response = await once(method, path, o, key)
	if (response.status !== 401 || o.anonymous) return response
	return (await renew()) ? once(method, path, o, key) : response
}

export async function request<T>(method: string, path: string, o: Options = {}): Promise<T> {
	const response = await sent(method, path, o, o.key ?? uuid())
	if (!response.ok) throw await problemOf(response)
	return response.status === 204 ? (undefined as T) : ((await response.json()) as T)
}

export const get = <T>(path: string, query?: Query, o?: Options) => request<T>('GET', path, { ...o, query })
export const post = <T>(path: string, body?: unknown, o?: Options) => request<T>('POST', path, { ...o, body: body ?? {} })
export const put = <T>(path: string, body: unknown, o?: Options) => request<T>('PUT', path, { ...o, body })
export const patch = <T>(path: string, body: unknown, o?: Options) => request<T>('PATCH', path, { ...o, body })
export const del = <T>(path: string, o?: Options) => request<T>('DELETE', path, o)
