/* Names behind references: the short lists at once, other records fetched once and kept, also for when there is no line. */
import { reactive, watch } from 'vue'
import { getRecord, objectDef } from '@/api/records'
import { live } from '@/live/live'
import { isUnreachable, remembered } from '@/offline/state'
import { personName, poolName, sourceName, teamName } from '@/session/session'

const SHORT: Record<string, (id: string) => string> = { user: personName, team: teamName, source: sourceName, pool: poolName }
const UNKNOWN = '…'
const names = reactive(new Map<string, string>())

async function ask(object: string, id: string): Promise<string> {
	const [record, def] = await Promise.all([getRecord(object, id), objectDef(object)])
	return String(record[def?.title ?? 'name'] ?? record.company ?? '') || id
}

async function fetchName(object: string, id: string): Promise<void> {
	const key = `${object}/${id}`
	names.set(key, '')
	try {
		names.set(key, (await remembered(`name/${key}`, () => ask(object, id))).value)
	} catch (problem) {
		names.set(key, isUnreachable(problem) ? UNKNOWN : id) // gone or not visible: the id is at least true
	}
}

// What could not be asked for without a line is asked for again.
watch(() => live.state, (state) => {
	if (state !== 'live') return
	for (const [key, name] of [...names]) if (name === UNKNOWN) names.delete(key)
})

/** The name of a record; empty while it is on its way. */
export function refName(object: string, id: string): string {
	const short = SHORT[object]?.(id)
	if (short) return short
	const known = names.get(`${object}/${id}`)
	if (known === undefined) void fetchName(object, id)
	return known ?? ''
}
