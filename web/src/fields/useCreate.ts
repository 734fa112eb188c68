/* Creates one record out of a form: once, however often the button is pressed; says which field the server found fault with. */
import { ref, shallowRef } from 'vue'
import { Problem, uuid } from '@/api/http'
import { createRecord, type Changed } from '@/api/records'
import type { Rec } from '@/api/types'

/** What was filled in; text without the spaces around it. */
function filled(values: Record<string, unknown>): Record<string, unknown> {
	const trimmed = Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value] as const)
	return Object.fromEntries(trimmed.filter(([, value]) => value !== null && value !== undefined && value !== ''))
}

export function useCreate<T extends Rec>(object: string, values: () => Record<string, unknown>, done: (record: Changed<T>) => void) {
	const error = shallowRef<unknown>(null)
	const busy = ref(false)
	const key = uuid()
	const fault = (field: string) => (error.value instanceof Problem ? error.value.of(field) : undefined)

	async function submit(): Promise<void> {
		if (busy.value) return
		busy.value = true
		error.value = null
		try {
			done(await createRecord<T>(object, filled(values()), key))
		} catch (problem) {
			error.value = problem
		} finally {
			busy.value = false
		}
	}
	return { error, busy, fault, submit }
}
