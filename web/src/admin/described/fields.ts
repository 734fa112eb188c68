/* A form described by its fields: what stands where, how it is edited, and which fault of the server belongs to it. */
import type { FieldFault } from '@/api/http'
import type { Option } from '@/ui/UiSelect.vue'

export type Control = 'text' | 'secret' | 'choice' | 'list' | 'switch' | 'person' | 'date' | 'area' | 'checks'

export interface Described {
	/** The key of its value; of the server's fault too, unless `fault` says another. */
	name: string
	label: string
	control?: Control
	fault?: string
	hint?: string
	required?: boolean
	/** For `choice` and `checks`. */
	options?: readonly Option[]
	/** For `choice` and `person`: the words for none. */
	empty?: string
	max?: number
	placeholder?: string
	keyboard?: 'numeric' | 'decimal'
	/** Never kept on the device, also where it is shown in plain text; controls `secret` are not anyway. */
	secret?: boolean
	/** A short one beside a long one. */
	narrow?: boolean
}

/** Fields of one row stand beside each other. */
export type Row = readonly Described[]
export type Values = Record<string, unknown>

const faultName = (field: Described) => field.fault ?? field.name
export const faultOf = (field: Described, faults: readonly FieldFault[]) => faults.find((fault) => fault.field === faultName(field))?.detail

export const isSecret = (field: Described): boolean => field.control === 'secret' || Boolean(field.secret)

/** What of a described form may be kept on the device. */
export const mayKeep = (rows: readonly Row[], name: string) => rows.flat().some((field) => field.name === name && !isSecret(field))

/** True when every fault stands at a field that is shown: nothing has to be said above the form. */
export function allPlaced(rows: readonly Row[], faults: readonly FieldFault[]): boolean {
	const shown = new Set(rows.flat().map(faultName))
	return faults.length > 0 && faults.every((fault) => shown.has(fault.field))
}
