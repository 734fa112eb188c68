/* What the page of outside services asks of the server. SLA and availability are hundredths of a percent. */
import { del, get, patch, post } from '@/api/http'
import type { Id, Named, Time } from '@/api/types'

export type Kind = 'http' | 'tcp' | 'mail' | 'source' | 'channel'
export type State = 'up' | 'slow' | 'down' | 'unknown' | 'off'

export interface Service {
	id: Id
	kind: Kind
	type: string | null
	name: string
	address: string | null
	method: 'GET' | 'HEAD' | null
	expect_status: number | null
	expect_text: string | null
	allowed_host: string | null
	every_s: number
	slow_ms: number
	sla: number | null
	contact: string | null
	owner: Named | null
	cost: string | null
	note: string | null
	expires_at: Time | null
	affects: { sources?: Id[]; channels?: Id[] }
	enabled: boolean
	entered: boolean
	state: State
	probed: boolean
	since: Time | null
	checked_at: Time | null
	code: string | null
	detail: string | null
	/** What happened, the code, and what to do next, in the reader's language. */
	said: string | null
	outage: 'down' | 'expired' | null
	people: number
	alone: number
	p50_ms: number | null
	p95_ms: number | null
	availability: number | null
	down_ms: number | null
}

export interface Hour {
	at: Time
	probes: number
	failed: number
	down_ms: number
	p50_ms: number
	p95_ms: number
}

export interface Outage {
	began_at: Time
	told_at: Time
	ended_at: Time | null
	code: string | null
	detail: string | null
	said: string | null
}

export interface ServiceDetail extends Service {
	hours: Hour[]
	outages: Outage[]
}

export interface ProbeAnswer {
	ok: boolean
	code: string
	detail: string
	said: string | null
	status: number
	took_ms: number
}

export type ServiceFields = Partial<{
	kind: string
	subject: Id
	name: string
	address: string
	method: string
	expect_status: number
	expect_text: string
	allowed_host: string
	every_s: number
	slow_ms: number
	sla: number
	contact: string
	owner: string
	cost: string
	note: string
	expires_at: string
	affects: Service['affects']
	enabled: boolean
}>

export const listServices = () => get<{ items: Service[] }>('/services')
export const getService = (id: Id) => get<ServiceDetail>(`/services/${id}`)
export const createService = (fields: ServiceFields) => post<ServiceDetail>('/services', fields)
export const changeService = (id: Id, fields: ServiceFields) => patch<ServiceDetail>(`/services/${id}`, fields)
export const removeService = (id: Id) => del<void>(`/services/${id}`)
export const probeService = (id: Id) => post<ProbeAnswer>(`/services/${id}/probe`, {})
