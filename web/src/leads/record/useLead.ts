/* One lead on the screen: loaded, kept fresh by live news, edited optimistically. A version that is older than what is shown never
 * replaces it (F10); a change that somebody else made first is shown as a conflict, not overwritten. */
import { ref, shallowRef, watch, type Ref } from 'vue'
import { Problem } from '@/api/http'
import { leadView } from '@/api/leads'
import { updateRecord } from '@/api/records'
import type { Id, Lead, LeadView } from '@/api/types'
import { serverNow } from '@/live/clock'
import { useLive, useResync } from '@/live/live'
import { toastError, toastUndo } from '@/ui/toast'
import { t } from './text'

const SOON_MS = 80

export interface Conflict {
	field: string
	label: string
	mine: unknown
	theirs: unknown
	version: number
}

export function useLead(id: Ref<Id>) {
	const lead = shallowRef<LeadView | null>(null)
	const receivedAt = ref(0)
	const error = shallowRef<unknown>(null)
	const conflict = shallowRef<Conflict | null>(null)
	/** Grows with each refresh: panels below load again. */
	const beat = ref(0)
	let asked = 0
	let soon: ReturnType<typeof setTimeout> | undefined

	async function load(): Promise<void> {
		const ask = ++asked
		const wanted = id.value
		try {
			const answer = await leadView(wanted)
			if (ask !== asked || wanted !== id.value) return
			if (lead.value?.id === answer.id && lead.value.version > answer.version) return
			receivedAt.value = serverNow()
			lead.value = answer
			error.value = null
			beat.value++
		} catch (problem) {
			if (ask === asked) error.value = problem
		}
	}

	function loadSoon(): void {
		clearTimeout(soon)
		soon = setTimeout(() => void load(), SOON_MS)
	}

	async function send(field: string, value: unknown, version: number): Promise<void> {
		const saved = await updateRecord<Lead>('lead', id.value, { [field]: value }, version)
		const { _change, ...fields } = saved
		if (lead.value?.id === saved.id && saved.version >= lead.value.version) lead.value = { ...lead.value, ...fields } as LeadView
		loadSoon()
		return void toastUndo(t('saved', { name: labels.get(field) ?? field }), _change, load)
	}

	const labels = new Map<string, string>()

	/** Shows the new value at once; takes it back when the server refuses. */
	async function save(field: string, label: string, value: unknown): Promise<Problem | undefined> {
		const before = lead.value
		if (!before) return undefined
		labels.set(field, label)
		lead.value = { ...before, [field]: value }
		try {
			await send(field, value, before.version)
			return undefined
		} catch (problem) {
			if (lead.value?.version === before.version) lead.value = { ...lead.value, [field]: before[field] }
			if (problem instanceof Problem && problem.status === 412) {
				await load()
				if (lead.value) conflict.value = { field, label, mine: value, theirs: lead.value[field], version: lead.value.version }
				return undefined
			}
			if (problem instanceof Problem && problem.of(field)) return problem
			toastError(problem, () => void save(field, label, value))
			return undefined
		}
	}

	async function resolve(mine: boolean): Promise<void> {
		const open = conflict.value
		conflict.value = null
		if (open && mine) await save(open.field, open.label, open.mine)
	}

	useLive((message) => {
		if (message.record === id.value && message.object === 'lead') loadSoon()
	})
	useResync(() => void load())
	watch(id, () => {
		lead.value = null
		error.value = null
		conflict.value = null
		void load()
	}, { immediate: true })

	return { lead, receivedAt, error, conflict, beat, load, save, resolve }
}
