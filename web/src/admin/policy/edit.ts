/* Editing a policy as plain data: order, numbers, what differs. Nothing here decides about leads; the server does. */
import type { Keeping, Level, Policy, PolicyTrial, RankBy, Returning } from '../api'

export interface NumberRule {
	name: 'touch_minutes' | 'protection_minutes' | 'hops_max' | 'escalate_minutes' | 'freeze_misses' | 'load_max' | 'summary_min' | 'return_days' | 'return_warn_days' | 'cooling_days' | 'stock_max' | 'account_days' | 'account_warn_days' | 'account_stock_max'
	unit: 'minutes' | 'times' | 'rows' | 'accounts' | 'chars' | 'days'
	min: number
	max: number
}

export const NUMBERS: readonly NumberRule[] = [
	{ name: 'touch_minutes', unit: 'minutes', min: 1, max: 10_080 },
	{ name: 'protection_minutes', unit: 'minutes', min: 1, max: 43_200 },
	{ name: 'hops_max', unit: 'times', min: 1, max: 20 },
	{ name: 'escalate_minutes', unit: 'minutes', min: 1, max: 43_200 },
	{ name: 'freeze_misses', unit: 'times', min: 1, max: 100 },
	{ name: 'load_max', unit: 'rows', min: 1, max: 1000 },
	{ name: 'summary_min', unit: 'chars', min: 0, max: 500 },
]
/** Return to the pool: 0 switches a rule off. */
export const RETURN_NUMBERS: readonly NumberRule[] = [
	{ name: 'return_days', unit: 'days', min: 0, max: 730 },
	{ name: 'return_warn_days', unit: 'days', min: 0, max: 90 },
	{ name: 'cooling_days', unit: 'days', min: 0, max: 730 },
	{ name: 'stock_max', unit: 'rows', min: 0, max: 100_000 },
]
export const ACCOUNT_NUMBERS: readonly NumberRule[] = [
	{ name: 'account_days', unit: 'days', min: 0, max: 3650 },
	{ name: 'account_warn_days', unit: 'days', min: 0, max: 365 },
	{ name: 'account_stock_max', unit: 'accounts', min: 0, max: 100_000 },
]
export const KEEPING: readonly Keeping[] = ['open', 'won']
export const RETURNING: readonly Returning[] = ['contacting', 'qualified']
export const LEVELS: readonly Level[] = ['province', 'city', 'district']
export const RANKS: readonly RankBy[] = ['weight', 'load', 'idle']

export const copy = (policy: Policy): Policy => JSON.parse(JSON.stringify(policy)) as Policy

/** A list with one entry at another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
	const out = [...list]
	if (from < 0 || from >= list.length) return out
	const [item] = out.splice(from, 1)
	out.splice(Math.max(0, Math.min(out.length, to)), 0, item!)
	return out
}

/** Levels in their natural order, with one set or unset; never none. */
export function withLevel(levels: readonly Level[], level: Level, on: boolean): Level[] {
	const next = LEVELS.filter((l) => (l === level ? on : levels.includes(l)))
	return next.length > 0 ? next : [...levels]
}

/** Statuses that return, with one set or unset; never none. */
export function withReturning(list: readonly Returning[], one: Returning, on: boolean): Returning[] {
	const next = RETURNING.filter((r) => (r === one ? on : list.includes(r)))
	return next.length > 0 ? next : [...list]
}

/** Customers that never return, with one kind set or unset; none is possible. */
export const withKeeping = (list: readonly Keeping[], one: Keeping, on: boolean): Keeping[] => KEEPING.filter((k) => (k === one ? on : list.includes(k)))

/** A minute of the day as a clock shows it, and back; undefined for what is no time. */
export const clockOf = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
export function minuteOf(text: string | null | undefined): number | undefined {
	const found = /^([01]\d|2[0-3]):([0-5]\d)/.exec(text ?? '')
	return found ? Number(found[1]) * 60 + Number(found[2]) : undefined
}

/** Ranks that are used, in order, then those that are not: all can be moved. */
export const allRanks = (rank: readonly RankBy[]): RankBy[] => [...rank, ...RANKS.filter((r) => !rank.includes(r))]

export function isWhole(value: unknown, { min, max }: NumberRule): boolean {
	return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

/** Names of the parts in which two policies differ. */
export function differences(a: Policy, b: Policy): (keyof Policy)[] {
	const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Policy>
	return [...keys].filter((key) => JSON.stringify(a[key] ?? null) !== JSON.stringify(b[key] ?? null))
}

/** What was edited, laid over what is in force meanwhile. */
export interface Rebased {
	policy: Policy
	/** Parts that somebody else changed. */
	theirs: (keyof Policy)[]
	/** Those of them that were edited here too, to something else: what was edited here stands. */
	both: (keyof Policy)[]
}

/** `base` is what the editing began with. */
export function rebase(base: Policy, edited: Policy, now: Policy): Rebased {
	const mine = differences(base, edited)
	const theirs = differences(base, now)
	const policy = copy(now)
	for (const key of mine) Object.assign(policy, { [key]: copy(edited)[key] })
	return { policy, theirs, both: theirs.filter((key) => mine.includes(key) && differences(now, edited).includes(key)) }
}

/** Choices that do not apply any more are not sent. */
export function tidy(policy: Policy): Policy {
	return { ...policy, on_call: policy.out_of_hours === 'on_call' ? policy.on_call : null, out_of_hours_pool: policy.out_of_hours === 'pool' ? policy.out_of_hours_pool : null }
}

const LOUD_SHARE = 0.1
const LOUD_JUMP = 20

/** Whether a trial must be read before saving: the server says so, or far more leads match nobody than before. */
export function isLoud(trial: PolicyTrial): boolean {
	const jump = trial.unmatched_after - trial.unmatched_before
	return Boolean(trial.warning) || (jump >= LOUD_JUMP && trial.unmatched_after / Math.max(1, trial.leads) >= LOUD_SHARE)
}

export const percent = (share: number) => `${Math.round(share * 100)}%`

/** People sorted by how much changes for them. */
export const byChange = (rows: PolicyTrial['by_person']) => [...rows].sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before) || b.after - a.after)
