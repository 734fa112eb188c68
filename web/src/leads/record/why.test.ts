import { beforeEach, describe, expect, it } from 'vitest'
import type { Assignment } from '@/api/types'
import { setLang } from '@/i18n/i18n'
import { reasonWords, whyWords } from './why'

const decision = (more: Partial<Assignment>): Assignment => ({ id: '1', at: '2026-11-23T01:00:00Z', kind: 'first', owner: { id: 'u', name: '张敏' }, pool: null, policy_version: 3, reason: null, candidates: [], dropped: [], ...more })

describe('whyWords', () => {
	beforeEach(() => setLang('zh'))

	it('names who came first among how many, and why others were left out', () => {
		expect(whyWords(decision({ candidates_total: 4, dropped_by: { territory: 5, absent: 1 } }))).toEqual(['有 4 人符合条件，张敏 排在第一位。', '6 人未参与：区域不符 5 人、不在岗 1 人。'])
	})

	it('says that nobody fits', () => {
		expect(whyWords(decision({ owner: null, dropped: [{ user: 'a', name: '李', rule: 'load', detail: '' }] }))).toEqual(['没有人符合条件，所以进入公海等待。', '1 人未参与：未联系线索已满 1 人。'])
	})

	it('does not invent reasons for what a person decided', () => {
		expect(whyWords(decision({ kind: 'hand_over' }))).toEqual(['由人工决定，没有经过自动分配。'])
	})

	it('speaks English too, with the plural right', () => {
		setLang('en')
		expect(whyWords(decision({ candidates_total: 1, dropped_by: { frozen: 1 } }))).toEqual(['Only 张敏 fits.', '1 person was left out: frozen 1.'])
	})
})

describe('reasonWords', () => {
	beforeEach(() => setLang('en'))

	it('tells in words why a lead came up to the supervisor', () => {
		for (const code of ['hops', 'time', 'freeze', 'absent']) expect(reasonWords('escalated', code)).toMatch(/^(It|The) .*\.$/)
	})

	it('leaves what a person wrote as it is, and adds nothing where the entry says it all', () => {
		expect(reasonWords('return', 'hops')).toBe('hops')
		expect(reasonWords('idle', '30')).toBe('')
		expect(reasonWords('first', null)).toBe('')
	})
})
