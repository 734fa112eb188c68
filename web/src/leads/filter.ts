/* Conditions of the filter builder and their compilation to the formula language. */
import type { FieldDef } from '@/api/types'

export type Op = 'is' | 'isNot' | 'contains' | 'starts' | 'blank' | 'filled' | 'more' | 'less' | 'after' | 'before' | 'lastDays' | 'olderDays'

export interface Condition {
	field: string
	op: Op
	value: string
}

export interface Filter {
	any: boolean
	conditions: Condition[]
}

export type Kind = 'text' | 'number' | 'time' | 'choice' | 'ref' | 'bool'

export function kindOf(field: FieldDef): Kind {
	if (['int', 'decimal', 'money'].includes(field.type)) return 'number'
	if (['time', 'date', 'datetime'].includes(field.type)) return 'time'
	if (field.type === 'choice') return 'choice'
	if (field.type === 'ref') return 'ref'
	return field.type === 'bool' ? 'bool' : 'text'
}

export const OPS: Record<Kind, readonly Op[]> = {
	text: ['contains', 'is', 'isNot', 'starts', 'blank', 'filled'],
	number: ['more', 'less', 'is', 'blank', 'filled'],
	time: ['lastDays', 'olderDays', 'after', 'before', 'blank', 'filled'],
	choice: ['is', 'isNot', 'blank', 'filled'],
	ref: ['is', 'isNot', 'blank', 'filled'],
	bool: ['is'],
}

export const needsValue = (op: Op) => op !== 'blank' && op !== 'filled'

/** A text literal of the formula language: a quote inside is written twice. */
export function quote(text: string): string {
	return `"${text.replaceAll('"', '""')}"`
}

function literal(kind: Kind, value: string): string | undefined {
	if (kind === 'number') return /^-?\d+(\.\d+)?$/.test(value.trim()) ? value.trim() : undefined
	if (kind === 'bool') return value === 'true' ? 'TRUE' : 'FALSE'
	return quote(value)
}

/** One condition as a formula; undefined while it is incomplete. */
export function compileCondition({ field, op, value }: Condition, kind: Kind): string | undefined {
	if (op === 'blank') return `ISBLANK(${field})`
	if (op === 'filled') return `NOT(ISBLANK(${field}))`
	if (value.trim() === '') return undefined
	if (op === 'lastDays' || op === 'olderDays') {
		if (!/^\d{1,5}$/.test(value.trim())) return undefined
		return `DAYS_SINCE(${field}) ${op === 'lastDays' ? '<' : '>='} ${Number(value)}`
	}
	if (op === 'after') return `${field} >= DATE(${quote(value)})`
	if (op === 'before') return `${field} < DATE(${quote(value)})`
	const text = literal(kind, value)
	if (text === undefined) return undefined
	switch (op) {
		case 'contains':
			return `CONTAINS(${field}, ${text})`
		case 'starts':
			return `STARTS_WITH(${field}, ${text})`
		case 'isNot':
			// A comparison with a blank is false: "is not" must keep the blanks.
			return `OR(ISBLANK(${field}), ${field} <> ${text})`
		case 'more':
			return `${field} >= ${text}`
		case 'less':
			return `${field} <= ${text}`
		default:
			return `${field} = ${text}`
	}
}

export function compileFilter(filter: Filter, kinds: (field: string) => Kind): string | undefined {
	const parts = filter.conditions.map((condition) => compileCondition(condition, kinds(condition.field))).filter((part) => part !== undefined)
	if (parts.length <= 1) return parts[0]
	return `${filter.any ? 'OR' : 'AND'}(${parts.join(', ')})`
}

export function allOf(...parts: (string | undefined)[]): string | undefined {
	const real = parts.filter((part): part is string => Boolean(part))
	return real.length > 1 ? `AND(${real.join(', ')})` : real[0]
}

export const emptyFilter = (): Filter => ({ any: false, conditions: [] })

/** For the address bar. */
export const writeFilter = (filter: Filter): string | undefined => (filter.conditions.length > 0 ? JSON.stringify([filter.any ? 1 : 0, ...filter.conditions.map((c) => [c.field, c.op, c.value])]) : undefined)

const isOp = (op: unknown): op is Op => typeof op === 'string' && Object.values(OPS).some((ops) => (ops as readonly string[]).includes(op))

/** From the address bar: anything that is not a filter is an empty one. */
export function readFilter(text: unknown): Filter {
	try {
		const [any, ...list] = JSON.parse(String(text ?? '')) as [number, ...unknown[][]]
		const conditions = list.flatMap(([field, op, value]) => (typeof field === 'string' && /^[a-z]\w*$/.test(field) && isOp(op) ? [{ field, op, value: String(value ?? '') }] : []))
		return { any: any === 1, conditions }
	} catch {
		return emptyFilter()
	}
}
