import { get, post } from '@/api/http'
import type { Card, Id, Named, Time } from '@/api/types'

export const FIGURES = ['in_play', 'overdue', 'assigned', 'duplicate', 'grab'] as const
export type Figure = (typeof FIGURES)[number]
export type Figures = Record<Figure, number>

/** What became of a lead in play; each has one, so they add up. */
export const FATES = ['contacted', 'contacted_late', 'in_time', 'moved_on', 'escalated', 'waiting', 'returned', 'closed'] as const
export type Fate = (typeof FATES)[number]

export interface Received {
	taken: number
	duplicate: number
	quarantined: number
	pending: number
	by_hand: number
	reasons: Record<string, number>
}

export interface ReportRow extends Figures {
	id: Id
	name: string
	team?: Named | null
}

export interface Report {
	day: string
	from: Time
	until: Time
	totals: Figures
	nobody: Figures
	/** Absent from reports of before there were fates. */
	received?: Received
	fates?: Record<Fate, number>
	waiting_for?: Record<string, number>
	teams: ReportRow[]
	people: ReportRow[]
}

export interface ReportLead {
	lead: Id
	name: string | null
	company: string | null
	status: string
	person: string | null
	wait_reason: string | null
	owner: string | null
}

export interface ReportLeads {
	items: ReportLead[]
	more: boolean
	next: Id | null
}

export interface ShelfLead extends Card {
	last_touch_at: Time | null
	touches: number
}

export interface ShelfAccount {
	id: Id
	name: string
	city: string | null
	last_touch_at: Time | null
	returned_at: Time | null
}

/** One pool of a shelf. */
export interface ShelfOf<T> {
	id: Id
	name: string
	claim_limit: number
	items: T[]
	next: Id | null
}

export interface Shelf<T> {
	stock_max: number
	cooling_days: number
	pools: ShelfOf<T>[]
}

export const getAccountShelf = (pool?: Id, after?: Id | null) => get<Shelf<ShelfAccount>>('/accounts/shelf', { pool, after })
export const claimAccount = (id: Id) => post<object>(`/accounts/${id}/claim`, {})
export const listReports = () => get<{ items: { day: string; totals: Figures }[] }>('/reports/assignment', { limit: 30 })
export const getReport = (day: string) => get<Report>(`/reports/assignment/${day}`)
export const reportLeads = (day: string, figure: Figure | Fate, which: object, after?: Id) => get<ReportLeads>(`/reports/assignment/${day}/leads`, { figure, ...which, after })
export const getShelf = (pool?: Id, after?: Id | null) => get<Shelf<ShelfLead>>('/pools/shelf', { pool, after })

export interface DrillRun {
	leads: number
	touched: number
	waiting: number
	waited: number
	escalated: number
	missed: number
	freezes: number
	first_contact: Record<'5m' | '30m' | '2h' | '1d' | 'later' | 'never', number>
	stuck: { rule: string; leads: number; mean_minutes: number; longest_minutes: number }[]
	people: { id: Id; name: string; got: number; missed: number; peak: number; freezes: number }[]
	samples: { lead: Id; name: string | null; rule: string; waited_minutes: number; still: boolean }[]
}

export interface Drill {
	base: DrillRun
	change: DrillRun
	truth: { touched: number; alike: number }
	took_ms: number
	simulated_minutes: number
	faster: number
}

export const runDrill = (change: object) => post<Drill>('/drill', change)
