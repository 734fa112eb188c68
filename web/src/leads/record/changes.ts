/* Which changes of fields the timeline tells: what a person means, not what the house keeps beside it (clocks, counters) nor what
 * an assignment's own entry says already. */
import type { Write } from '@/api/records'
import type { TimelineItem } from '@/api/types'

const TOLD = new Set(['name', 'company', 'phone', 'email', 'province', 'city', 'district', 'message', 'status', 'invalid_reason', 'source', 'next_follow_up_at', 'consent', 'longitude', 'latitude', 'page', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign'])
const WHOLE = new Set<unknown>(['created', 'deleted', 'restored'] satisfies Write[])

export type FieldChange = [field: string, before: unknown, after: unknown]

export function fieldChanges(item: TimelineItem): FieldChange[] {
	if (item.kind !== 'change' || item.data.kind === ('created' satisfies Write)) return []
	const fields = (item.data.fields ?? {}) as Record<string, unknown>
	return Object.entries(fields).flatMap(([field, pair]): FieldChange[] => (Array.isArray(pair) && TOLD.has(field) ? [[field, pair[0], pair[1]]] : []))
}

export function isTold(item: TimelineItem): boolean {
	return item.kind !== 'change' || WHOLE.has(item.data.kind) || fieldChanges(item).length > 0
}
