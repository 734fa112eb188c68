/* Records of any object. */
import { remembered, withLine } from '@/offline/state'
import { del, get, patch, post } from './http'
import type { BatchResult, Id, ObjectDef, Page, Rec, Time, Named } from './types'

export interface ListQuery {
	filter?: string
	sort?: string
	search?: string
	fields?: string
	limit?: number
	after?: string | null
	bin?: boolean
}

/** What an entry of the history is, as the server keeps it. */
export const WRITES = ['created', 'updated', 'deleted', 'restored'] as const
export type Write = (typeof WRITES)[number]

export interface HistoryItem {
	change: Id
	at: Time
	who: Named | null
	cause: string
	kind: Write
	fields: Record<string, [unknown, unknown]>
}

export type Changed<T> = T & { _change?: Id; duplicates?: unknown[] }

export const listRecords = <T = Rec>(object: string, q: ListQuery, signal?: AbortSignal) =>
	get<Page<T>>(`/records/${object}`, { ...q, bin: q.bin || undefined }, { signal })
export const getRecord = <T = Rec>(object: string, id: Id) => get<T>(`/records/${object}/${id}`)
export const createRecord = <T = Rec>(object: string, fields: object, key?: string) =>
	post<Changed<T>>(`/records/${object}`, fields, { key })
export const updateRecord = <T = Rec>(object: string, id: Id, fields: object, version?: number) =>
	patch<Changed<T>>(`/records/${object}/${id}`, fields, { ifMatch: version })
export const deleteRecord = (object: string, id: Id) => withLine(del<{ change: Id }>(`/records/${object}/${id}`))
export const restoreRecord = (object: string, id: Id) => withLine(post<{ change: Id }>(`/records/${object}/${id}/restore`))
export const batchRecords = (object: string, action: 'update' | 'delete' | 'restore', ids: Id[], fields = {}) =>
	post<BatchResult>(`/records/${object}/batch`, { action, ids, fields })
export const historyOf = (object: string, id: Id, after?: string) =>
	get<Page<HistoryItem>>(`/records/${object}/${id}/history`, { after })
export const undoChange = (change: Id) => withLine(post<{ change: Id }>(`/changes/${change}/undo`))
export const countRecords = (object: string, filter?: string, signal?: AbortSignal) =>
	get<{ count: number; more: boolean }>(`/count/${object}`, { filter }, { signal })

let catalogue: Promise<ObjectDef[]> | undefined

/** The catalogue, fetched once; a failure is not kept. */
export function objects(): Promise<ObjectDef[]> {
	catalogue ??= remembered('objects', () => get<{ objects: ObjectDef[] }>('/objects')).then(
		({ value }) => value.objects,
		(error) => {
			catalogue = undefined
			throw error
		},
	)
	return catalogue
}

export async function objectDef(name: string): Promise<ObjectDef | undefined> {
	return (await objects()).find((object) => object.name === name)
}
