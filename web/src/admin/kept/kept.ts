/* What was typed into a form of the settings, field by field, with the value it was typed upon. Plain functions between the form and what
 * the device keeps. */
export type Values = Record<string, unknown>

export interface Typed {
	mine: unknown
	/** What stood there when it was typed. */
	was: unknown
}

export interface Kept {
	fields: Record<string, Typed>
	/** Of a record: the version it was typed upon. */
	version?: number
}

/** A choice of many is a Set in the form, and JSON knows none. */
const SET = '#set'

export const packed = (value: unknown): unknown => (value instanceof Set ? { [SET]: [...value].sort() } : (value ?? null))

export function unpacked(value: unknown): unknown {
	const list = value !== null && typeof value === 'object' ? (value as Values)[SET] : undefined
	return Array.isArray(list) ? new Set(list) : value
}

/** An emptied text is as empty as one that never was. */
const plain = (value: unknown) => JSON.stringify(value === '' ? null : packed(value))
export const isSame = (a: unknown, b: unknown): boolean => plain(a) === plain(b)

/** Of its own: what the form changes inside a value does not change it. */
export const copied = (values: Values): Values =>
	Object.fromEntries(Object.entries(values).map(([name, value]) => [name, unpacked(JSON.parse(JSON.stringify(packed(value))))]))

/** The fields that differ from what the form began with and may be kept. */
export function typed(now: Values, began: Values, may: (name: string) => boolean): Kept['fields'] {
	const names = Object.keys(now).filter((name) => may(name) && !isSame(now[name], began[name]))
	return Object.fromEntries(names.map((name) => [name, { mine: packed(now[name]), was: packed(began[name]) }]))
}

/** What is put back into a form that begins like this; what stands there already is nothing to put back. */
export function putBack(kept: Kept, began: Values): Values {
	const names = Object.keys(kept.fields).filter((name) => !isSame(unpacked(kept.fields[name]!.mine), began[name]))
	return Object.fromEntries(names.map((name) => [name, unpacked(kept.fields[name]!.mine)]))
}

/** The fields put back that somebody else changed since they were typed. */
export const movedOn = (kept: Kept, began: Values, names: readonly string[]): string[] =>
	names.filter((name) => !isSame(unpacked(kept.fields[name]?.was), began[name]))

/** What the device holds, or nothing that can be understood. */
export function understood(text: string | null): Kept | null {
	try {
		const found = JSON.parse(text ?? 'null') as Partial<Kept> | null
		const fields = Object.entries(found?.fields ?? {}).filter(([, one]) => one !== null && typeof one === 'object' && 'mine' in one)
		return fields.length > 0 ? { ...found, fields: Object.fromEntries(fields) } : null
	} catch {
		return null
	}
}
