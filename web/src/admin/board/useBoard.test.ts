import { describe, expect, it } from 'vitest'
import type { Board, BoardPerson, BoardRow } from '../api'
import { byNeed, sections } from './useBoard'

const row = (id: string, state = 'running') => ({ id, countdown: { state } }) as unknown as BoardRow
const person = (name: string, state: BoardPerson['state'], untouched = 0) => ({ name, state, untouched }) as BoardPerson
const ids = (rows: BoardRow[]) => rows.map((r) => r.id)

describe('sections', () => {
	it('shows an escalated lead once, under escalated alone', () => {
		const board = { running_out: [row('a'), row('e', 'escalated')], overdue: [row('b'), row('e', 'escalated')], stuck: [row('c', 'none')] } as unknown as Board
		const found = sections(board)
		expect(ids(found.running_out)).toEqual(['a'])
		expect(ids(found.overdue)).toEqual(['b'])
		expect(ids(found.stuck)).toEqual(['c'])
		expect(ids(found.escalated)).toEqual(['e'])
	})
})

describe('byNeed', () => {
	it('puts who is frozen first, then who carries most', () => {
		const sorted = [person('丁', 'off_hours'), person('乙', 'free', 1), person('甲', 'frozen'), person('丙', 'free', 2)].sort(byNeed)
		expect(sorted.map((p) => p.name)).toEqual(['甲', '丙', '乙', '丁'])
	})
})
