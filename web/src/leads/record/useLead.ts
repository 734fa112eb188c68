/* One lead on the screen: loaded, kept fresh by live news, edited optimistically. A version that is older than what is shown never
 * replaces it (F10); a change that somebody else made first is shown as a conflict, not overwritten. */
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { Problem } from '@/api/http'
import { leadView } from '@/api/leads'
import type { Id, Lead, LeadView } from '@/api/types'
import { leadTitle, t as lt } from '@/lead/text'
import { serverNow } from '@/live/clock'
import { live, useLive, useResync } from '@/live/live'
import type { Draft } from '@/offline/draft'
import { overlay } from '@/offline/merge'
import { isUnreachable, offline, remembered, submit, unsent, useShownAt } from '@/offline/state'
import { toast, toastUndo } from '@/ui/toast'
import { t } from './text'

const SOON_MS = 80

export function useLead(id: Ref<Id>) {
	/** As the server told it, with what is on its way. */
	const held = shallowRef<LeadView | null>(null)
	const receivedAt = ref(0)
	/** As of when, if it is not what the server says now. */
	const asOf = ref<number | null>(null)
	const error = shallowRef<unknown>(null)
	const conflict = shallowRef<Draft | null>(null)
	/** Grows with each refresh: panels below load again. */
	const beat = ref(0)
	let asked = 0
	let soon: ReturnType<typeof setTimeout> | undefined

	const drafts = computed(() => unsent.value.filter((draft) => draft.record === id.value))
	const lead = computed(() => held.value && overlay(held.value, drafts.value))

	async function load(): Promise<void> {
		const ask = ++asked
		const wanted = id.value
		try {
			const { value: answer, at } = await remembered(`lead/${wanted}`, () => leadView(wanted), (view) => view.version)
			if (ask !== asked || wanted !== id.value) return
			const stands = held.value?.id === answer.id ? held.value : undefined
			// What was kept, or comes late, replaces nothing newer.
			if (stands && (stands.version > answer.version || at !== null)) return void (asOf.value = at === null ? null : receivedAt.value)
			receivedAt.value = at ?? serverNow()
			asOf.value = at
			held.value = answer
			error.value = null
			beat.value++
		} catch (problem) {
			if (ask !== asked) return
			if (isUnreachable(problem) && held.value) asOf.value = receivedAt.value
			else error.value = problem
		}
	}

	function loadSoon(): void {
		clearTimeout(soon)
		soon = setTimeout(() => void load(), SOON_MS)
	}

	function arrived(label: string, answer: Record<string, unknown> | undefined): void {
		const { _change, ...fields } = (answer ?? {}) as Partial<Lead>
		const stands = held.value
		if (stands && stands.id === fields.id && fields.version! >= stands.version) held.value = { ...stands, ...fields } as LeadView
		loadSoon()
		toastUndo(t('saved', { name: label }), _change, load)
	}

	/** Shows the new value at once; takes it back when the server refuses, keeps it when there is no line. */
	async function save(field: string, label: string, value: unknown): Promise<Problem | undefined> {
		const before = held.value
		if (!before) return undefined
		const base = { version: before.version, values: { [field]: before[field] } }
		held.value = { ...before, [field]: value }
		const outcome = await submit({ act: 'edit', object: 'lead', record: before.id, title: leadTitle(before), body: { [field]: value }, base, labels: { [field]: label } })
		if (outcome.state === 'sent') return void arrived(label, outcome.answer)
		// What waits is laid over the record; the record itself stays as the server told it.
		if (held.value?.version === before.version) held.value = { ...held.value, [field]: before[field] }
		if (outcome.state === 'waiting') return void toast(lt('keptHere'))
		if (outcome.state === 'conflict') {
			conflict.value = outcome.draft
			return void load()
		}
		// The editor stays open with the words and the reason.
		return outcome.problem
	}

	async function resolve(mine: ReadonlySet<string>): Promise<void> {
		const open = conflict.value
		conflict.value = null
		if (open) await (await offline()).settle(open, mine)
	}

	useLive((message) => {
		if (message.record === id.value && message.object === 'lead') loadSoon()
	})
	useResync(() => void load())
	useShownAt(() => asOf.value)
	watch(() => live.state, (state) => state === 'live' && (asOf.value !== null || error.value) && void load())
	watch(id, () => {
		held.value = null
		asOf.value = null
		error.value = null
		conflict.value = null
		void load()
	}, { immediate: true })

	return { lead, drafts, receivedAt, error, conflict, beat, load, save, resolve }
}
