/* What the import of files asks of the server. */
import { get, post } from '@/api/http'
import type { Id, Time } from '@/api/types'

export type ImportStep = 'new' | 'checking' | 'checked' | 'running' | 'done' | 'cancelled' | 'failed'
export type ImportWay = 'pool' | 'owner' | 'rules'

export interface BadRow {
	row: number
	reason: string
	detail: string | null
	body: Record<string, string> | null
}

export interface Import {
	id: Id
	at: Time
	name: string
	source: Id
	size: number
	way: ImportWay
	state: ImportStep
	rows: number
	done: number
	taken: number
	repeated: number
	bad: number
	in_file: number
	error: string | null
	report?: { encoding: string; reasons: Record<string, number>; bad_rows: BadRow[] | null }
}

export interface Look {
	format: string
	encoding: string
	separator: string | null
	has_header: boolean
	columns: { header: string; guess: string; samples: string[] }[]
}

export const listImports = () => get<{ items: Import[] }>('/imports')
export const getImport = (id: Id) => get<Import>(`/imports/${id}`)
/* A megabyte over a poor line, and a first look at a large workbook, take their time. */
const LONG = { patienceMs: 5 * 60_000 }

export const newImport = (name: string, source: Id) => post<Import>('/imports', { name, source })
export const sendPiece = (id: Id, offset: number, data: string) => post<{ size: number }>(`/imports/${id}/data`, { offset, data }, LONG)
export const lookAt = (id: Id) => post<Look>(`/imports/${id}/look`, {}, LONG)
export const checkImport = (id: Id, columns: string[], way: ImportWay, pool: Id | null) =>
	post<Import>(`/imports/${id}/check`, { columns, way, pool: pool ?? undefined })
export const runImport = (id: Id) => post<Import>(`/imports/${id}/run`)
export const cancelImport = (id: Id) => post<Import>(`/imports/${id}/cancel`)
