/* Names behind references: the short lists at once, other records fetched once and kept. */
import { reactive } from 'vue'
import { getRecord, objectDef } from '@/api/records'
import { personName, poolName, sourceName, teamName } from '@/session/session'

const SHORT: Record<string, (id: string) => string> = { user: personName, team: teamName, source: sourceName, pool: poolName }
const names = reactive(new Map<string, string>())

async function fetchName(object: string, id: string): Promise<void> {
	const key = `${object}/${id}`
	names.set(key, '')
	try {
		const [record, def] = await Promise.all([getRecord(object, id), objectDef(object)])
		names.set(key, String(record[def?.title ?? 'name'] ?? record.company ?? '') || id)
	} catch {
		names.set(key, id) // gone or not visible: the id is at least true
	}
}

/** The name of a record; empty while it is on its way. */
export function refName(object: string, id: string): string {
	const short = SHORT[object]?.(id)
	if (short) return short
	const known = names.get(`${object}/${id}`)
	if (known === undefined) void fetchName(object, id)
	return known ?? ''
}
