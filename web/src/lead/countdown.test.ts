import { describe, expect, it } from 'vitest'
import type { Countdown } from '@/api/types'
import { level, pausesBeforeEnd, remaining } from './countdown'

const T = Date.parse('2026-11-23T09:00:00Z')
const running = (left_ms: number, respond_by = T + left_ms): Countdown => ({ state: 'running', left_ms, total_ms: 300_000, starts_at: null, respond_by: new Date(respond_by).toISOString() })
const held: Countdown = { state: 'held', left_ms: 300_000, total_ms: 300_000, starts_at: new Date(T + 3_600_000).toISOString(), respond_by: null }

describe('remaining', () => {
	it('falls with the seconds and never below zero', () => {
		expect(remaining(running(300_000), T, T + 61_000)).toBe(239_000)
		expect(remaining(running(10_000), T, T + 60_000)).toBe(0)
	})

	it('does not jump up when the browser believes it is earlier than the answer', () => {
		expect(remaining(running(300_000), T, T - 5000)).toBe(300_000)
	})

	it('stands still out of working hours', () => {
		expect(remaining(held, T, T + 1_800_000)).toBe(300_000)
	})
})

describe('level', () => {
	it('grows more pressing as time runs out', () => {
		expect([290_000, 170_000, 50_000, 0].map((left) => level(running(left), left))).toEqual(['calm', 'soon', 'urgent', 'over'])
	})

	it('says when the clock has not started', () => {
		expect(level(held, held.left_ms)).toBe('held')
	})
})

describe('pausesBeforeEnd', () => {
	it('sees that closing time comes first', () => {
		expect(pausesBeforeEnd(running(300_000), T)).toBe(false)
		expect(pausesBeforeEnd(running(300_000, T + 15 * 3_600_000), T)).toBe(true)
	})
})
