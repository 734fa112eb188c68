/* Creates one record out of a form: once, however often the button is pressed; says which field the server found fault with. */
import { ref, shallowRef } from 'vue'
import { Problem, uuid } from '@/api/http'
import { createRecord, type Changed } from '@/api/records'
import type { Rec } from '@/api/types'
import { serverNow } from '@/live/clock'
import { newId } from '@/offline/draft'
import { submit as send } from '@/offline/state'

/** What was filled in; text without the spaces around it. */
function filled(values: Record<string, unknown>): Record<string, unknown> {
	const trimmed = Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value] as const)
	return Object.fromEntries(trimmed.filter(([, value]) => value !== null && value !== undefined && value !== ''))
}

/** The server answers with a password that is shown once: nobody may be away then. */
const ASKS_NOW = new Set(['user'])

export interface Kept {
	/** It waits here while there is no line. */
	kept?: () => void
	/** What the record and its fields are called, for the list of what waits. */
	title?: (fields: Record<string, unknown>) => string
	labels?: () => Record<string, string>
}

const usualTitle = (fields: Record<string, unknown>) => String(fields.company ?? fields.name ?? fields.summary ?? '')

export function useCreate<T extends Rec>(object: string, values: () => Record<string, unknown>, done: (record: Changed<T>) => void, { kept, title = usualTitle, labels }: Kept = {}) {
	const error = shallowRef<unknown>(null)
	const busy = ref(false)
	const key = uuid()
	const id = newId(serverNow())

	async function make(fields: Record<string, unknown>): Promise<void> {
		if (!kept || ASKS_NOW.has(object)) return done(await createRecord<T>(object, fields, key))
		const outcome = await send({ act: 'create', object, id, title: title(fields), body: fields, labels: labels?.() })
		if (outcome.state === 'refused') throw outcome.problem
		if (outcome.state !== 'sent') kept()
		else done((outcome.answer ?? { id }) as Changed<T>)
	}

	const fault = (field: string) => (error.value instanceof Problem ? error.value.of(field) : undefined)

	async function submit(): Promise<void> {
		if (busy.value) return
		busy.value = true
		error.value = null
		try {
			await make(filled(values()))
		} catch (problem) {
			error.value = problem
		} finally {
			busy.value = false
		}
	}
	return { error, busy, fault, submit }
}
