import { describe, expect, it } from 'vitest'
import type { Policy, PolicyTrial } from '../api'
import { allRanks, byChange, clockOf, copy, differences, isLoud, isWhole, minuteOf, moved, NUMBERS, percent, rebase, tidy, withLevel, withKeeping, withReturning } from './edit'

const policy: Policy = {
	pools: [{ pool: 'a', filters: { territory: true, skill: true } }], territory_by: ['province', 'city'], fallback_pool: 'a', touch_minutes: 5, protection_minutes: 120, hops_max: 3,
	escalate_minutes: 120, freeze_misses: 3, load_max: 3, summary_min: 20, rank: ['weight', 'load'], out_of_hours: 'hold', on_call: null, out_of_hours_pool: null,
	return_days: 0, return_warn_days: 3, return_from: ['contacting', 'qualified'], cooling_days: 0, stock_max: 0, account_days: 0, account_warn_days: 7, account_stock_max: 0, account_keep: ['open', 'won'], account_pool: null, report_minute: 600, report_every_day: true,
}
const trial = (more: Partial<PolicyTrial>) => ({ leads: 1000, same: 900, moved: 100, unmatched_before: 5, unmatched_after: 5, unmatched_share: 0.005, by_person: [], by_rule: [], samples: [], warning: null, took_ms: 30, ...more }) as PolicyTrial

describe('moved', () => {
	it('puts one entry at another place and stays inside the list', () => {
		expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
		expect(moved(['a', 'b', 'c'], 2, -5)).toEqual(['c', 'a', 'b'])
		expect(moved(['a', 'b'], 7, 0)).toEqual(['a', 'b'])
	})
})

describe('withLevel', () => {
	it('keeps the natural order and never becomes empty', () => {
		expect(withLevel(['district'], 'province', true)).toEqual(['province', 'district'])
		expect(withLevel(['city'], 'city', false)).toEqual(['city'])
	})
})

it('lets customers of any kind, or of none, stay', () => {
	expect(withKeeping(['open', 'won'], 'open', false)).toEqual(['won'])
	expect(withKeeping(['won'], 'won', false)).toEqual([])
	expect(withKeeping([], 'open', true)).toEqual(['open'])
})

it('keeps at least one status that returns', () => {
	expect(withReturning(['qualified'], 'contacting', true)).toEqual(['contacting', 'qualified'])
	expect(withReturning(['qualified'], 'qualified', false)).toEqual(['qualified'])
})

it('reads a minute of the day as a clock shows it', () => {
	expect([0, 600, 1439].map(clockOf)).toEqual(['00:00', '10:00', '23:59'])
	expect(['00:00', '10:00', '23:59', '24:00', '', null].map(minuteOf)).toEqual([0, 600, 1439, undefined, undefined, undefined])
})

it('offers ranks that are not used after those that are', () => {
	expect(allRanks(['idle'])).toEqual(['idle', 'weight', 'load'])
})

it('accepts whole numbers within their bounds', () => {
	const touch = NUMBERS[0]!
	expect([0, 1, 5, 10_080, 10_081, 1.5, '5'].map((n) => isWhole(n, touch))).toEqual([false, true, true, true, false, false, false])
})

it('names what differs', () => {
	const other = { ...copy(policy), touch_minutes: 9, territory_by: ['province', 'district'] as Policy['territory_by'] }
	expect(differences(policy, other)).toEqual(['territory_by', 'touch_minutes'])
	expect(differences(policy, copy(policy))).toEqual([])
})

it('drops choices that no longer apply', () => {
	expect(tidy({ ...policy, on_call: 'x', out_of_hours_pool: 'y' })).toMatchObject({ on_call: null, out_of_hours_pool: null })
	expect(tidy({ ...policy, out_of_hours: 'on_call', on_call: 'x' }).on_call).toBe('x')
})

describe('isLoud', () => {
	it('is loud when the server warns or the unmatched share jumps (F4)', () => {
		expect(isLoud(trial({}))).toBe(false)
		expect(isLoud(trial({ warning: '…' }))).toBe(true)
		expect(isLoud(trial({ unmatched_after: 870, unmatched_share: 0.87 }))).toBe(true)
	})

	it('stays calm when many were unmatched before as well', () => {
		expect(isLoud(trial({ unmatched_before: 300, unmatched_after: 305 }))).toBe(false)
	})
})

it('sorts people by how much changes', () => {
	const rows = [{ user: '1', name: 'a', before: 10, after: 11 }, { user: '2', name: 'b', before: 10, after: 2 }]
	expect(byChange(rows).map((r) => r.name)).toEqual(['b', 'a'])
	expect(percent(0.8666)).toBe('87%')
})

it('goes on from what somebody else saved, and names what both changed', () => {
	const edited = { ...copy(policy), touch_minutes: 9, hops_max: 4, load_max: 7 }
	const now = { ...copy(policy), touch_minutes: 11, hops_max: 4, rank: ['idle' as const] }
	const { policy: merged, theirs, both } = rebase(policy, edited, now)
	expect(merged).toEqual({ ...copy(policy), touch_minutes: 9, hops_max: 4, load_max: 7, rank: ['idle'] })
	expect([...theirs].sort()).toEqual(['hops_max', 'rank', 'touch_minutes'])
	expect(both).toEqual(['touch_minutes'])
	expect(rebase(policy, copy(policy), now)).toMatchObject({ policy: now, both: [] })
})
