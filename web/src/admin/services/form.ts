/* From the form of a service to what the server is asked for, and the figures as people read them. */
import type { Id } from '@/api/types'
import type { Service, ServiceFields } from './api'

export interface Form {
	kind: string | null
	subject: Id | null
	name: string
	address: string
	method: string | null
	expectStatus: string
	expectText: string
	allowedHost: string
	every: string
	slow: string
	sla: string
	contact: string
	owner: Id | null
	cost: string
	note: string
	expires: string | null
	affects: Set<Id>
	enabled: boolean
}

/** 9990 -> "99.9" */
export const percent = (hundredths: number | null): string => (hundredths === null ? '' : String(hundredths / 100))

export function formOf(service: Service | null): Form {
	return {
		kind: service?.kind ?? null,
		subject: null,
		name: service?.name ?? '',
		address: service?.address ?? '',
		method: service?.method ?? 'GET',
		expectStatus: service?.expect_status ? String(service.expect_status) : '',
		expectText: service?.expect_text ?? '',
		allowedHost: service?.allowed_host ?? '',
		every: String(service?.every_s ?? 20),
		slow: String(service?.slow_ms ?? 2000),
		sla: percent(service?.sla ?? null),
		contact: service?.contact ?? '',
		owner: service?.owner?.id ?? null,
		cost: service?.cost ?? '',
		note: service?.note ?? '',
		expires: service?.expires_at ?? null,
		affects: new Set([...(service?.affects.sources ?? []), ...(service?.affects.channels ?? [])]),
		enabled: service?.enabled ?? true,
	}
}

/** A date without a time ends with that day, where the person is. */
function endOf(day: string | null): string {
	if (!day) return ''
	return day.length === 10 ? new Date(`${day}T23:59:59`).toISOString() : day
}

/** Partners of other rooms keep their own name and address. */
export function fieldsOf(form: Form, sources: Id[], channels: Id[]): ServiceFields {
	const own = form.kind !== 'channel' && form.kind !== 'source'
	const shared: ServiceFields = {
		every_s: Number(form.every) || 20,
		slow_ms: Number(form.slow) || 2000,
		sla: Math.round((Number(form.sla) || 0) * 100),
		contact: form.contact.trim(),
		owner: form.owner ?? '',
		cost: form.cost.trim(),
		note: form.note.trim(),
		expires_at: endOf(form.expires),
		affects: { sources: sources.filter((id) => form.affects.has(id)), channels: channels.filter((id) => form.affects.has(id)) },
		enabled: form.enabled,
	}
	if (!own) return shared
	return {
		...shared,
		name: form.name.trim(),
		address: form.address.trim(),
		method: form.method ?? 'GET',
		expect_status: Number(form.expectStatus) || 0,
		expect_text: form.expectText.trim(),
		allowed_host: form.allowedHost.trim(),
	}
}
