/* The weekly hours of a calendar: {"mon":[["09:00","18:00"]],...}. A span may end on the next day: written "30:00" in the record,
 * shown as 06:00 of the next day. A span belongs to the day it starts. */
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof DAYS)[number]
export type Span = [string, string]
export type Week = Record<Day, Span[]>
export type SpanFault = 'empty' | 'same' | 'overlap' | 'too_late'

export const SPANS_MAX = 4
const DAY_MIN = 24 * 60
const END_MAX = 32 * 60

export function minutes(text: string): number {
	const hit = /^(\d{1,2}):([0-5]\d)$/.exec(text)
	return hit ? Number(hit[1]) * 60 + Number(hit[2]) : NaN
}

export function clockText(min: number): string {
	return `${String(Math.floor(min / 60)).padStart(2, '0')}:${String(min % 60).padStart(2, '0')}`
}

export function readWeek(value: unknown): Week {
	const given = (value && typeof value === 'object' ? value : {}) as Partial<Record<Day, unknown>>
	const spans = (day: Day): Span[] => (Array.isArray(given[day]) ? (given[day] as unknown[]).filter((s): s is Span => Array.isArray(s) && s.length === 2).map(([a, b]) => [String(a), String(b)]) : [])
	return Object.fromEntries(DAYS.map((day) => [day, spans(day)])) as Week
}

export const isNextDay = (span: Span) => minutes(span[1]) > DAY_MIN

/** What the time box of an end shows: always within a day. 24:00 shows as 00:00. */
export function endShown(span: Span): string {
	const end = minutes(span[1])
	return Number.isNaN(end) ? span[1] : clockText(end % DAY_MIN)
}

/** What a person types as HH:MM: "9", "930", "9:30", "9：30" are understood; anything else is nothing. */
export function typedTime(text: string): string {
	const hit = /^(\d{1,2})(?:[:：.]?([0-5]\d))?$/.exec(text.trim())
	return hit && Number(hit[1]) <= 24 ? `${hit[1]!.padStart(2, '0')}:${hit[2] ?? '00'}` : ''
}

/** A span from two time boxes: an end at or before the start lies on the next day. */
export function spanOf(from: string, end: string): Span {
	const [a, b] = [minutes(from), minutes(end)]
	if (Number.isNaN(a) || Number.isNaN(b) || a === b) return [from, end]
	return [from, clockText(b < a ? b + DAY_MIN : b)]
}

/** What is wrong with one span of a day, given those before it. */
export function faultOf(spans: readonly Span[], at: number): SpanFault | undefined {
	const [from, end] = spans[at]!.map(minutes) as [number, number]
	if (Number.isNaN(from) || Number.isNaN(end)) return 'empty'
	if (from === end) return 'same'
	if (end > END_MAX) return 'too_late'
	return at > 0 && from < minutes(spans[at - 1]![1]) ? 'overlap' : undefined
}

/** A free stretch after the last one, for a new span. */
export function nextSpan(spans: readonly Span[]): Span {
	const last = spans.at(-1)
	if (!last) return ['09:00', '18:00']
	const from = Math.min(minutes(last[1]) + 60, DAY_MIN - 120)
	return spanOf(clockText(from), clockText((from + 120) % DAY_MIN))
}

export function weekHours(week: Week): number {
	const all = DAYS.flatMap((day) => week[day]).reduce((sum, [from, end]) => sum + Math.max(0, (minutes(end) || 0) - (minutes(from) || 0)), 0)
	return Math.round(all / 6) / 10
}
