/* The board's data and acts: every act is done at once, shown at once, and can be taken back. */
import { ref } from 'vue'
import { assignLead } from '@/api/leads'
import type { Id } from '@/api/types'
import { leadTitle } from '@/lead/text'
import { observeNow, serverNow } from '@/live/clock'
import { toast, toastError, toastUndo } from '@/ui/toast'
import { t as ui } from '@/ui/text'
import { getBoard, releasePerson, setAbsence, type Board, type BoardPerson, type BoardRow } from '../api'
import { useFresh } from '@/live/useFresh'
import { t } from './text'

export type SectionKey = 'running_out' | 'overdue' | 'stuck' | 'escalated'

/** The four sections. A lead that is with the supervisor stands under "escalated" alone, wherever the server listed it. */
export function sections(board: Board): Record<SectionKey, BoardRow[]> {
	const isEscalated = (row: BoardRow) => row.countdown?.state === 'escalated'
	const rest = (rows: BoardRow[]) => rows.filter((row) => !isEscalated(row))
	const seen = new Set<Id>()
	const escalated = [...board.overdue, ...board.running_out].filter((row) => isEscalated(row) && !seen.has(row.id) && seen.add(row.id))
	return { running_out: rest(board.running_out), overdue: rest(board.overdue), stuck: board.stuck, escalated }
}

const URGENCY: Record<BoardPerson['state'], number> = { frozen: 0, full: 1, free: 2, off_hours: 3, absent: 4, inactive: 5 }

/** Who needs the supervisor first; then who carries most. */
export function byNeed(a: BoardPerson, b: BoardPerson): number {
	return URGENCY[a.state] - URGENCY[b.state] || b.untouched - a.untouched || a.name.localeCompare(b.name, 'zh')
}

export function useBoard() {
	const receivedAt = ref(0)
	const concerns = (m: { kind: string; object: string | null }) => m.object === 'lead' || m.object === 'user' || m.kind.startsWith('person.') || m.kind === 'policy.changed'
	const { data: board, error, load } = useFresh(getBoard, concerns, (answer) => {
		observeNow(answer.now)
		receivedAt.value = serverNow()
	})

	async function assign(row: BoardRow, to: Id, who: string): Promise<void> {
		if (row.owner?.id === to) return
		try {
			const lead = await assignLead(row.id, to)
			const title = t('assigned', { name: leadTitle(row), who })
			const before = row.owner?.id
			if (lead._change || !before) toastUndo(title, lead._change, load)
			else toast(title, { tone: 'ok', action: { label: ui('undo'), run: () => void assignLead(row.id, before).then(load, toastError) } })
			await load()
		} catch (problem) {
			toastError(problem, () => assign(row, to, who))
		}
	}

	async function release(person: BoardPerson): Promise<void> {
		try {
			await releasePerson(person.id)
			toast(t('released', { name: person.name }), { tone: 'ok' })
			await load()
		} catch (problem) {
			toastError(problem, () => release(person))
		}
	}

	async function absence(person: { id: Id; name: string }, absent: boolean): Promise<void> {
		try {
			await setAbsence(person.id, absent)
			toast(t(absent ? 'nowAbsent' : 'nowBack', { name: person.name }), { tone: 'ok', action: { label: ui('undo'), run: () => absence(person, !absent) } })
			await load()
		} catch (problem) {
			toastError(problem, () => absence(person, absent))
		}
	}

	return { board, receivedAt, error, load, assign, release, absence }
}
