/* Sends a test lead and follows it: receipt, decision, the person who has it. Live news say when to look; a slow poll stands in when
 * the stream is down. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import { leadView } from '@/api/leads'
import type { LeadView } from '@/api/types'
import { serverNow } from '@/live/clock'
import { useLive } from '@/live/live'
import { getReceipt, sendTestLead, type ReceiptDetail } from '../api'

const POLL_MS = 1000
const GIVE_UP_MS = 15_000

export function useTestLead() {
	const receipt = shallowRef<ReceiptDetail | { id: string; state: 'pending' } | null>(null)
	const lead = shallowRef<LeadView | null>(null)
	const receivedAt = ref(0)
	const took = ref(0)
	const error = shallowRef<unknown>(null)
	const busy = ref(false)
	const slow = ref(false)
	let began = 0
	let poll: ReturnType<typeof setInterval> | undefined

	function stop(): void {
		clearInterval(poll)
		busy.value = false
	}

	async function look(): Promise<void> {
		const id = receipt.value?.id
		if (!id || lead.value) return
		try {
			const found = await getReceipt(id)
			if (id !== receipt.value?.id || lead.value) return
			receipt.value = found
			if (found.lead) {
				lead.value = await leadView(found.lead)
				receivedAt.value = serverNow()
				took.value ||= Math.round(performance.now() - began)
			}
			if (found.state !== 'pending') stop()
		} catch (problem) {
			error.value = problem
			stop()
		}
		if (busy.value && performance.now() - began > GIVE_UP_MS) {
			slow.value = true
			stop()
		}
	}

	async function send(): Promise<void> {
		stop()
		receipt.value = null
		lead.value = null
		error.value = null
		slow.value = false
		took.value = 0
		busy.value = true
		began = performance.now()
		try {
			receipt.value = { id: (await sendTestLead()).receipt, state: 'pending' }
			poll = setInterval(() => void look(), POLL_MS)
			await look()
		} catch (problem) {
			error.value = problem
			stop()
		}
	}

	useLive((m) => {
		if (!busy.value || m.object !== 'lead') return
		void look()
	})
	onScopeDispose(() => clearInterval(poll))
	return { receipt, lead, receivedAt, took, error, busy, slow, send }
}
