import { describe, expect, it } from 'vitest'
import { clockText, endShown, faultOf, isNextDay, nextSpan, readWeek, spanOf, typedTime, weekHours, type Span } from './week'

describe('spanOf', () => {
	it('lets an end before the start lie on the next day', () => {
		expect(spanOf('22:00', '06:00')).toEqual(['22:00', '30:00'])
		expect(spanOf('09:00', '18:00')).toEqual(['09:00', '18:00'])
	})

	it('ends at midnight as 24:00', () => {
		expect(spanOf('16:00', '00:00')).toEqual(['16:00', '24:00'])
		expect(isNextDay(['16:00', '24:00'])).toBe(false)
	})

	it('shows the end as a clock does', () => {
		expect(endShown(['22:00', '30:00'])).toBe('06:00')
		expect(isNextDay(['22:00', '30:00'])).toBe(true)
	})
})

describe('faultOf', () => {
	const fault = (spans: Span[], at = spans.length - 1) => faultOf(spans, at)

	it('finds an empty box, no length, overlap, and a night that is too long', () => {
		expect(fault([['', '18:00']])).toBe('empty')
		expect(fault([['09:00', '09:00']])).toBe('same')
		expect(fault([['09:00', '12:00'], ['11:00', '18:00']])).toBe('overlap')
		expect(fault([['22:00', '32:30']])).toBe('too_late')
	})

	it('accepts lunch breaks and night shifts up to 08:00', () => {
		expect(fault([['09:00', '12:00'], ['13:00', '18:00']])).toBeUndefined()
		expect(fault([['22:00', '32:00']])).toBeUndefined()
	})
})

it('reads any week and fills the days that are missing', () => {
	const week = readWeek({ mon: [['09:00', '18:00']], tue: 'x' })
	expect(week.mon).toEqual([['09:00', '18:00']])
	expect(week.tue).toEqual([])
	expect(readWeek(null).sun).toEqual([])
})

it('offers a free stretch after the last span', () => {
	expect(nextSpan([])).toEqual(['09:00', '18:00'])
	expect(nextSpan([['09:00', '12:00']])).toEqual(['13:00', '15:00'])
	expect(faultOf([['09:00', '18:00'], nextSpan([['09:00', '18:00']])], 1)).toBeUndefined()
})

it('understands times as they are typed', () => {
	expect(['9', '930', '0930', '9:30', '22：05', '24:00', '9:75', 'x', ''].map(typedTime)).toEqual(['09:00', '09:30', '09:30', '09:30', '22:05', '24:00', '', '', ''])
})

it('adds up the hours of a week', () => {
	expect(weekHours(readWeek({ mon: [['09:00', '12:00'], ['13:00', '18:30']], tue: [['22:00', '30:00']] }))).toBe(16.5)
	expect(clockText(1830)).toBe('30:30')
})
