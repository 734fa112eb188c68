/* What a field mapping reads out of a body, worked out in the browser the way the server does it: paths "a.b[0].c", with or without
 * "$." before; texts trimmed; numbers and true/false as text; lists and objects are no values. */
import type { CaptureField } from '../../capture/text'

export const FIELDS = [
	'name', 'phone', 'email', 'company', 'province', 'city', 'district', 'message', 'code', 'consent', 'page', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign', 'longitude', 'latitude',
] as const satisfies readonly CaptureField[]
export type MappedField = (typeof FIELDS)[number]
export type Mapping = Record<string, string>

export type Read = { value: string } | { fault: 'notFound' | 'notScalar' }

export function steps(path: string): (string | number)[] {
	const bare = path.trim().replace(/^\$\.?/, '')
	const out: (string | number)[] = []
	for (const hit of bare.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) out.push(hit[1] !== undefined ? Number(hit[1]) : hit[2]!)
	return out
}

export function at(body: unknown, path: string): unknown {
	let value = body
	for (const step of steps(path)) {
		if (value === null || typeof value !== 'object') return undefined
		if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined
		else value = Array.isArray(value) ? undefined : (value as Record<string, unknown>)[step]
	}
	return value
}

export function read(body: unknown, path: string): Read {
	const value = at(body, path)
	if (value === undefined || value === null) return { fault: 'notFound' }
	if (typeof value === 'object') return { fault: 'notScalar' }
	return { value: String(value).trim() }
}

/** Every single value of a sample with its path: what can be picked. */
export function leaves(body: unknown, before = '', max = 200): { path: string; value: string }[] {
	if (body === null || typeof body !== 'object') return before ? [{ path: before, value: String(body ?? '') }] : []
	const out: { path: string; value: string }[] = []
	for (const [key, value] of Object.entries(body)) {
		const path = Array.isArray(body) ? `${before}[${key}]` : before ? `${before}.${key}` : key
		out.push(...leaves(value, path, max))
		if (out.length >= max) break
	}
	return out.slice(0, max)
}

/** Lines of the editor as the record keeps them; nothing when no line is filled in. */
export function mappingOf(lines: readonly { field: string; path: string }[]): Mapping | null {
	const filled = lines.filter(({ field, path }) => field && path.trim())
	return filled.length > 0 ? Object.fromEntries(filled.map(({ field, path }) => [field, path.trim()])) : null
}
