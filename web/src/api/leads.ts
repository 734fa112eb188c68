/* What can be done with leads, the desk and alerts. */
import { get, post } from './http'
import type {
	Alert, Assignment, BatchResult, Desk, Id, Lead, LeadView, Match, Page, PhoneFacts, TimelineItem,
} from './types'
import type { FieldFault } from './http'

export interface Conversion {
	account?: { id?: Id; name?: string }
	contact?: { name?: string | null; phone?: string | null }
	opportunity?: { name: string; amount?: string } | null
	force_new?: boolean
}

export interface Converted {
	lead: Lead
	account: { id: Id }
	contact: { id: Id }
	opportunity: { id: Id } | null
	change: Id
}

export interface CheckAnswer {
	items: Match[]
	phone: PhoneFacts | null
	faults: FieldFault[]
}

export const leadView = (id: Id) => get<LeadView>(`/leads/${id}`)
export const claimLead = (id: Id) => post<Lead>(`/leads/${id}/claim`)
export const returnLead = (id: Id, reason: string) => post<Lead>(`/leads/${id}/return`, { reason })
export const assignLead = (id: Id, to: Id, note?: string) => post<Lead>(`/leads/${id}/assign`, { to, note })
export const assignLeads = (ids: Id[], to: Id) => post<BatchResult>('/leads/assign', { ids, to })
export const invalidateLead = (id: Id, reason: string) => post<Lead>(`/leads/${id}/invalid`, { reason })
export const qualifyLead = (id: Id) => post<Lead>(`/leads/${id}/qualify`)
export const convertLead = (id: Id, how: Conversion) => post<Converted>(`/leads/${id}/convert`, how)
export const assignmentsOf = (id: Id) => get<{ items: Assignment[] }>(`/leads/${id}/assignments`)
export const timelineOf = (id: Id, after?: string | null) => get<Page<TimelineItem>>(`/leads/${id}/timeline`, { after })
export const duplicatesOf = (id: Id) => get<{ items: Match[] }>(`/leads/${id}/duplicates`)
export const checkLead = (fields: object, signal?: AbortSignal) => post<CheckAnswer>('/leads/check', fields, { signal })

export const getDesk = () => get<Desk>('/desk')
export const markSeen = (ids: Id[]) => post<void>('/desk/seen', { ids })

export const getAlerts = (unread?: boolean) => get<{ items: Alert[]; unread: number }>('/alerts', { unread })
export const readAlerts = (which: { ids: Id[] } | { all: true }) => post<void>('/alerts/read', which)
