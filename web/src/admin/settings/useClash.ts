/* A settings form met a record that somebody else changed meanwhile: what only one of the two touched goes on, what both changed is put
 * before the person, field by field, as for all records. */
import { shallowRef } from 'vue'
import { getRecord, historyOf } from '@/api/records'
import type { Rec } from '@/api/types'
import type { Draft } from '@/offline/draft'
import { rebase, resolve } from '@/offline/merge'
import type { Values } from './form'

/** The record as it is now, and what of the form is left to save upon it. */
export interface Met {
	record: Rec
	left: Values
}

export function useClash(object: string, label: (field: string) => string) {
	const clash = shallowRef<Draft | null>(null)
	let decide: (mine: ReadonlySet<string> | null) => void = () => undefined

	async function draftOf(base: Rec, edit: Values): Promise<{ record: Rec; next: Draft | undefined }> {
		const names = Object.keys(edit)
		const [record, history] = await Promise.all([getRecord(object, base.id), historyOf(object, base.id)])
		const last = history.items.find((row) => names.some((name) => name in (row.fields ?? {})))
		const draft: Draft = {
			id: base.id, user: '', act: 'edit', object, record: base.id, title: '', made: 0, lang: '', state: 'waiting', body: edit,
			base: { version: base.version, values: base }, labels: Object.fromEntries(names.map((name) => [name, label(name)])),
		}
		return { record, next: rebase(draft, { version: record.version, values: record, who: last?.who?.name, at: last?.at }) }
	}

	/** Null: the person puts the choice off. */
	async function meet(base: Rec, edit: Values): Promise<Met | null> {
		const { record, next } = await draftOf(base, edit)
		if (next?.state !== 'conflict') return { record, left: next?.body ?? {} }
		const mine = await new Promise<ReadonlySet<string> | null>((done) => {
			decide = done
			clash.value = next
		})
		clash.value = null
		return mine && { record, left: resolve(next, mine)?.body ?? {} }
	}
	return { clash, meet, decide: (mine: ReadonlySet<string> | null) => decide(mine) }
}
