/* How settings forms are described, and the plain functions between a record and a form. */
import type { InjectionKey, Ref } from 'vue'
import type { FieldDef, Id, Rec } from '@/api/types'

export type Widget = 'chips' | 'origins' | 'regions' | 'many' | 'week' | 'days' | 'mapping' | 'zone' | 'polygon'

export interface FormField {
	name: string
	/** How a field of type json is edited, or a special control for another type. */
	widget?: Widget
	/** For `many`: the object whose records are chosen. */
	of?: 'user' | 'team' | 'skill' | 'territory'
	/** Takes the whole width. */
	wide?: boolean
	/** Only when making a new one. */
	onlyNew?: boolean
}

/** Which record a form is about, for controls that look at the others; null for a new one. */
export const RECORD_ID: InjectionKey<Readonly<Ref<Id | null>>> = Symbol('record')

export type Values = Record<string, unknown>

/** A list out of a json field, whether it came parsed or as text. */
export function asList(value: unknown): string[] {
	const parsed = asJson(value)
	return Array.isArray(parsed) ? parsed.map(String) : []
}

export function asJson(value: unknown): unknown {
	if (typeof value !== 'string') return value ?? null
	try {
		return JSON.parse(value)
	} catch {
		return null
	}
}

/** What the form starts with: the record's values, or the defaults of a new one. */
export function valuesOf(fields: readonly FormField[], record: Rec | null, defaults: Values): Values {
	const source: Values = record ?? defaults
	return Object.fromEntries(fields.map(({ name }) => [name, source[name] ?? null]))
}

/** What a control holds as the API wants it: empty text is null, whole numbers are numbers. */
export function clean(value: unknown, def: FieldDef | undefined): unknown {
	if (typeof value === 'string') {
		const text = value.trim()
		if (text === '') return null
		if (def?.type === 'int' && /^-?\d+$/.test(text)) return Number(text)
		return text
	}
	return value ?? null
}

/** The fields that differ from the record (all that are set, for a new one). */
export function changes(fields: readonly FormField[], defs: readonly FieldDef[], values: Values, record: Rec | null): Values {
	const out: Values = {}
	for (const { name, widget } of fields) {
		const def = defs.find((d) => d.name === name)
		const now = clean(values[name], def)
		const before = record ? (widget ? asJson(record[name]) ?? record[name] ?? null : (record[name] ?? null)) : null
		if (JSON.stringify(now) !== JSON.stringify(before)) out[name] = now
	}
	return out
}
