/* All records of one small object (settings have tens, people hundreds), kept fresh, and what can be done with them. */
import { batchRecords, createRecord, deleteRecord, listRecords, updateRecord } from '@/api/records'
import type { Id, Rec } from '@/api/types'
import { toastError, toastUndo } from '@/ui/toast'
import { useFresh } from '@/live/useFresh'
import { t } from './text'
import type { Values } from './form'

const PAGE = 200
const PAGES_MAX = 25

export async function allRecords<T = Rec>(object: string): Promise<T[]> {
	const items: T[] = []
	let after: string | null = null
	for (let n = 0; n < PAGES_MAX; n++) {
		const page: { items: T[]; next: string | null } = await listRecords<T>(object, { sort: 'name', limit: PAGE, after })
		items.push(...page.items)
		after = page.next
		if (!after) break
	}
	return items
}

export function useRecords(object: string) {
	const { data: rows, error, load } = useFresh(
		() => allRecords(object),
		(m) => m.object === object || (object === 'user' && m.kind.startsWith('person.')),
	)

	/** Creates or updates; the answer is the server's, with a one-time password where one was made. */
	async function save(record: Rec | null, fields: Values): Promise<Rec> {
		const answer = record ? await updateRecord(object, record.id, fields, record.version) : await createRecord(object, fields)
		const name = String(answer.name ?? record?.name ?? '')
		toastUndo(t(record ? 'saved' : 'created', { name }), record ? answer._change : undefined, load)
		await load()
		return answer
	}

	async function remove(record: Rec): Promise<boolean> {
		try {
			const { change } = await deleteRecord(object, record.id)
			toastUndo(t('removed', { name: String(record.name) }), change, load)
			await load()
			return true
		} catch (problem) {
			toastError(problem)
			return false
		}
	}

	const update = (ids: Id[], fields: Values) => batchRecords(object, 'update', ids, fields)
	return { rows, error, load, save, remove, update }
}
