/* One record on the screen, of any object: loaded, kept fresh by live news, edited optimistically, also without a line. A version that is
 * older than what is shown never replaces it (F10); a change that somebody else made first is shown as a conflict, not overwritten. */
import { computed, ref, shallowRef, watch } from 'vue'
import type { Problem } from '@/api/http'
import { objects } from '@/api/records'
import type { Id, Rec } from '@/api/types'
import { t as lt } from '@/lead/text'
import { serverNow } from '@/live/clock'
import { live, useLive, useResync } from '@/live/live'
import type { Draft } from '@/offline/draft'
import { overlay } from '@/offline/merge'
import { isUnreachable, offline, remembered, submit, unsent, useShownAt } from '@/offline/state'
import { toast, toastUndo } from '@/ui/toast'
import { t } from './text'

const SOON_MS = 80

export interface Source<T> {
	object: string
	id: Id
	/** What this device keeps it under. */
	kept: string
	ask: () => Promise<T>
	/** What it is called in the list of what waits. */
	title: (record: T) => string
}

export function useRecord<T extends Rec>(source: () => Source<T>) {
	/** As the server told it, with what is on its way. */
	const held = shallowRef<T | null>(null)
	const receivedAt = ref(0)
	/** As of when, if it is not what the server says now. */
	const asOf = ref<number | null>(null)
	const error = shallowRef<unknown>(null)
	const conflict = shallowRef<Draft | null>(null)
	/** Grows with each refresh: panels below load again. */
	const beat = ref(0)
	let asked = 0
	let soon: ReturnType<typeof setTimeout> | undefined

	const drafts = computed(() => unsent.value.filter((draft) => draft.record === source().id))
	const record = computed(() => held.value && overlay(held.value, drafts.value))

	function take(answer: T, at: number | null): void {
		const stands = held.value?.id === answer.id ? held.value : undefined
		// What was kept, or comes late, replaces nothing newer.
		if (stands && (stands.version > answer.version || at !== null)) return void (asOf.value = at === null ? null : receivedAt.value)
		receivedAt.value = at ?? serverNow()
		asOf.value = at
		held.value = answer
		error.value = null
		beat.value++
	}

	async function load(): Promise<void> {
		const ask = ++asked
		const wanted = source()
		const isWanted = () => ask === asked && wanted.kept === source().kept
		try {
			const { value, at } = await remembered(wanted.kept, wanted.ask, (answer) => answer.version)
			if (isWanted()) take(value, at)
			// Its fields too: who opens them first without a line would stand before nothing.
			if (at === null) void objects().catch(() => undefined)
		} catch (problem) {
			if (!isWanted()) return
			if (isUnreachable(problem) && held.value) asOf.value = receivedAt.value
			else error.value = problem
		}
	}

	function loadSoon(): void {
		clearTimeout(soon)
		soon = setTimeout(() => void load(), SOON_MS)
	}

	function arrived(label: string, answer: Record<string, unknown> | undefined): void {
		const { _change, ...fields } = (answer ?? {}) as Partial<Rec> & { _change?: Id }
		const stands = held.value
		if (stands && stands.id === fields.id && fields.version! >= stands.version) held.value = { ...stands, ...fields } as T
		loadSoon()
		toastUndo(t('saved', { name: label }), _change, load)
	}

	/** Shows the new value at once; takes it back when the server refuses, keeps it when there is no line. */
	async function save(field: string, label: string, value: unknown): Promise<Problem | undefined> {
		const before = held.value
		if (!before) return undefined
		const { object, title } = source()
		const base = { version: before.version, values: { [field]: before[field] } }
		held.value = { ...before, [field]: value }
		const outcome = await submit({ act: 'edit', object, record: before.id, title: title(before), body: { [field]: value }, base, labels: { [field]: label } })
		if (outcome.state === 'sent') return void arrived(label, outcome.answer)
		// What waits is laid over the record; the record itself stays as the server told it.
		if (held.value?.id === before.id && held.value.version === before.version) held.value = { ...held.value, [field]: before[field] }
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
		if (message.record === source().id && message.object === source().object) loadSoon()
	})
	useResync(() => void load())
	useShownAt(() => asOf.value)
	watch(() => live.state, (state) => state === 'live' && (asOf.value !== null || error.value) && void load())
	watch(() => source().kept, () => {
		held.value = null
		asOf.value = null
		error.value = null
		conflict.value = null
		void load()
	}, { immediate: true })

	return { record, drafts, receivedAt, error, conflict, beat, load, save, resolve }
}
