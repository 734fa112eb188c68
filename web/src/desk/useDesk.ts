/* The desk's data: loaded once, then kept fresh by live news. A card that leaves says why for a moment. */
import { onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import { getDesk, markSeen } from '@/api/leads'
import type { Card, Desk, Id, LiveMessage } from '@/api/types'
import { pausesBeforeEnd } from '@/lead/countdown'
import { observeNow, serverNow } from '@/live/clock'
import { live, useLive, useResync } from '@/live/live'
import { isUnreachable, remembered, useShownAt } from '@/offline/state'
import { me, personName, session } from '@/session/session'
import { t } from './text'

const SOON_MS = 80
const GONE_MS = 7000
const PAUSE_CHECK_MS = 60_000

export interface Gone {
	card: Card
	why: string
}

/** Does this news change what I see on my desk? */
export function concerns(message: LiveMessage, mine: Id): boolean {
	if (message.kind.startsWith('person.')) return message.record === mine || message.owner === mine
	if (message.kind === 'lead.waiting' || message.kind === 'policy.changed') return true
	if (message.object !== 'lead' && message.object !== 'task') return false
	return message.owner === mine || message.before === mine || message.owner === null || message.kind === 'lead.moved'
}

/** Why a card left my desk, in words; undefined when it did not leave. */
export function leaving(message: LiveMessage, mine: Id): string | undefined {
	if (message.object !== 'lead' || message.owner === mine) return message.kind === 'record.deleted' ? t('gone_deleted') : undefined
	const who = personName(message.owner) || String(message.data.owner_name ?? '') || t('someone')
	if (message.kind === 'record.deleted') return t('gone_deleted')
	if (message.kind === 'lead.escalated') return t('gone_escalated', { who })
	if (message.kind === 'lead.waiting' || (message.before === mine && !message.owner)) return t('gone_waiting')
	if (message.before !== mine) return undefined
	const missed = message.data.why === 'miss'
	if (message.kind === 'lead.moved' || message.kind === 'lead.assigned') return t(missed ? 'gone_missed' : 'gone_moved', { who })
	return undefined
}

export function useDesk() {
	const desk = shallowRef<Desk | null>(null)
	const receivedAt = ref(0)
	const error = shallowRef<unknown>(null)
	/** As of when, if it is not what the server says now. */
	const asOf = ref<number | null>(null)
	const gone = reactive(new Map<Id, Gone>())
	const timers = new Set<ReturnType<typeof setTimeout>>()
	let soon: ReturnType<typeof setTimeout> | undefined
	let asked = 0

	async function load(): Promise<void> {
		const ask = ++asked
		try {
			const { value: answer, at } = await remembered('desk', getDesk)
			if (ask !== asked) return // a later question is on its way: never show the older answer (F10)
			// What was kept may be older than what stands here already.
			if (at !== null && desk.value) return void (asOf.value = receivedAt.value)
			if (at === null) observeNow(answer.now)
			receivedAt.value = at ?? serverNow()
			asOf.value = at
			desk.value = answer
			error.value = null
			for (const card of answer.cards) gone.delete(card.id)
		} catch (problem) {
			if (ask !== asked) return
			if (isUnreachable(problem) && desk.value) asOf.value = receivedAt.value
			else error.value = problem
		}
	}

	function loadSoon(): void {
		clearTimeout(soon)
		soon = setTimeout(() => void load(), SOON_MS)
	}

	function say(card: Card, why: string): void {
		gone.set(card.id, { card, why })
		timers.add(setTimeout(() => gone.delete(card.id), GONE_MS))
	}

	useLive((message) => {
		const mine = me().id
		const card = desk.value?.cards.find((c) => c.id === message.record)
		const why = card && leaving(message, mine)
		if (card && why) say(card, why)
		if (card || concerns(message, mine)) loadSoon()
	})
	useResync(() => void load())
	useShownAt(() => asOf.value)
	watch(() => live.state, (state) => state === 'live' && (asOf.value !== null || error.value) && void load())
	watch(() => session.boot?.absent, loadSoon)

	// Where closing time comes before the end of a countdown, only the server knows when the clock stops.
	const check = setInterval(() => {
		if (desk.value?.cards.some((card) => pausesBeforeEnd(card.countdown, receivedAt.value) || card.countdown.state === 'held')) void load()
	}, PAUSE_CHECK_MS)
	const visible = () => !document.hidden && void load()
	document.addEventListener('visibilitychange', visible)
	onScopeDispose(() => {
		clearInterval(check)
		clearTimeout(soon)
		timers.forEach(clearTimeout)
		document.removeEventListener('visibilitychange', visible)
	})

	/** Opened, called or touched: no longer unread. */
	function seen(card: Card): void {
		if (!card.unread || !desk.value) return
		desk.value = { ...desk.value, cards: desk.value.cards.map((c) => (c.id === card.id ? { ...c, unread: false } : c)) }
		void markSeen([card.id]).catch(() => undefined)
	}

	/** Touched: it leaves at once, the server's answer follows. */
	function drop(id: Id): void {
		if (desk.value) desk.value = { ...desk.value, cards: desk.value.cards.filter((card) => card.id !== id) }
		loadSoon()
	}

	void load()
	return { desk, receivedAt, error, gone, load, seen, drop }
}
