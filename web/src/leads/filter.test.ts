import { describe, expect, it } from 'vitest'
import { allOf, compileFilter, quote, readFilter, writeFilter, type Filter, type Kind } from './filter'

const KINDS: Record<string, Kind> = { city: 'text', score: 'number', created_at: 'time', owner: 'ref', status: 'choice', consent: 'bool' }
const kinds = (field: string): Kind => KINDS[field] ?? 'text'
const one = (field: string, op: Filter['conditions'][number]['op'], value = '') => compileFilter({ any: false, conditions: [{ field, op, value }] }, kinds)

describe('compileFilter', () => {
	it('writes each kind of condition as a formula', () => {
		expect(one('city', 'contains', '上海')).toBe('CONTAINS(city, "上海")')
		expect(one('score', 'more', '60')).toBe('score >= 60')
		expect(one('created_at', 'lastDays', '7')).toBe('DAYS_SINCE(created_at) < 7')
		expect(one('created_at', 'after', '2026-11-01')).toBe('created_at >= DATE("2026-11-01")')
		expect(one('owner', 'blank')).toBe('ISBLANK(owner)')
		expect(one('consent', 'is', 'true')).toBe('consent = TRUE')
	})

	it('keeps blanks when something is not a value', () => {
		expect(one('status', 'isNot', 'invalid')).toBe('OR(ISBLANK(status), status <> "invalid")')
	})

	it('joins by all or any, and leaves out what is incomplete', () => {
		const conditions: Filter['conditions'] = [{ field: 'city', op: 'is', value: '杭州市' }, { field: 'score', op: 'more', value: '6o' }, { field: 'score', op: 'less', value: '9' }]
		expect(compileFilter({ any: false, conditions }, kinds)).toBe('AND(city = "杭州市", score <= 9)')
		expect(compileFilter({ any: true, conditions }, kinds)).toBe('OR(city = "杭州市", score <= 9)')
		expect(compileFilter({ any: true, conditions: [] }, kinds)).toBeUndefined()
	})

	it('cannot be broken out of by what is typed', () => {
		expect(quote('a" OR TRUE')).toBe('"a"" OR TRUE"')
		expect(quote('\\')).toBe('"\\"')
	})
})

describe('the address bar', () => {
	it('carries a filter there and back', () => {
		const filter: Filter = { any: true, conditions: [{ field: 'city', op: 'is', value: '宁波市' }] }
		expect(readFilter(writeFilter(filter))).toEqual(filter)
	})

	it('survives nonsense', () => {
		for (const text of [undefined, '', '{', '[0,2]', '[0,["a b","is","x"]]', '[0,["city","drop","x"]]']) expect(readFilter(text)).toEqual({ any: false, conditions: [] })
	})
})

it('allOf joins only what is there', () => {
	expect(allOf(undefined, 'a = 1', '')).toBe('a = 1')
	expect(allOf('a = 1', 'b = 2')).toBe('AND(a = 1, b = 2)')
})
