import { expect, test } from 'vitest'
import { copied, movedOn, putBack, typed, understood } from './kept'

const all = () => true
const over = (fields: ReturnType<typeof typed>) => understood(JSON.stringify({ fields }))!

test('what was typed comes back, a choice of many too', () => {
	const began = { name: 'a', affects: new Set(['x']), on: true }
	const kept = over(typed({ name: 'b', affects: new Set(['x', 'y']), on: true }, began, all))
	expect(Object.keys(kept.fields)).toEqual(['name', 'affects'])
	expect(putBack(kept, began)).toEqual({ name: 'b', affects: new Set(['x', 'y']) })
})

test('a secret is not kept', () => {
	const may = (name: string) => name !== 'password'
	expect(typed({ host: 'h', password: 'p' }, { host: '', password: '' }, may)).toEqual({ host: { mine: 'h', was: '' } })
})

test('empty and missing are the same, and what was saved meanwhile is nothing to put back', () => {
	expect(typed({ name: '', note: null }, {}, all)).toEqual({})
	expect(putBack({ fields: { name: { mine: 'b', was: 'a' } } }, { name: 'b' })).toEqual({})
})

test('it is told which fields somebody else changed since', () => {
	const kept = { fields: { name: { mine: 'b', was: 'a' }, note: { mine: 'n', was: '' } } }
	expect(movedOn(kept, { name: 'c', note: '' }, ['name', 'note'])).toEqual(['name'])
})

test('a value that the form changes from within is told from its beginning', () => {
	const now = { hours: { mon: [9] } }
	const began = copied(now)
	now.hours.mon.push(18)
	expect(typed(now, began, all).hours).toEqual({ mine: { mon: [9, 18] }, was: { mon: [9] } })
})

test('what cannot be understood is nothing', () => {
	expect(understood('{')).toBeNull()
	expect(understood('{"fields":{"a":1}}')).toBeNull()
	expect(understood(null)).toBeNull()
})
