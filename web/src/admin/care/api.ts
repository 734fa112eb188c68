/* Backups and health, as the server tells them. */
import { get, post, put } from '@/api/http'
import type { Time } from '@/api/types'

export interface Backup {
	id: string
	name: string
	made_at: Time
	kind: 'manual' | 'scheduled' | 'upgrade'
	engine: string
	bytes: number
	rows: number
	without_key: boolean
	check: 'good' | 'bad' | 'none'
	checked_at: Time | null
	detail: string | null
}

export interface CareSettings {
	on: boolean
	hour: number
	daily: number
	weekly: number
	folder: string
	without_key: boolean
}

export interface Care {
	items: Backup[]
	running: { phase: 'copying' | 'checking'; done: number; total: number } | null
	last: { at: Time; good: boolean; detail: string | null } | null
	settings: CareSettings
	folder: string
	next_at: Time | null
}

export interface Finding {
	check: string
	serious: boolean
	note: boolean
	count: number
	detail: string
}

export const getCare = () => get<Care>('/care/backups')
export const backUpNow = () => post<Pick<Care, 'running' | 'last'>>('/care/backups')
export const saveCare = (settings: CareSettings) => put<Care>('/care/settings', settings)
/** Looks through all the data, which takes as long as they are large. */
export const getHealth = () => get<{ doctor: Finding[]; verify: Finding[] }>('/care/health', {}, { patienceMs: 5 * 60_000 })
