import { describe, expect, it } from 'vitest'
import type { FieldDef, Rec } from '@/api/types'
import { asJson, asList, changes, clean, valuesOf } from './form'

const defs = [{ name: 'name', type: 'text' }, { name: 'weight', type: 'int' }, { name: 'codes', type: 'json' }] as FieldDef[]
const fields = [{ name: 'name' }, { name: 'weight' }, { name: 'codes', widget: 'regions' as const }]
const record: Rec = { id: '1', version: 2, name: '华东', weight: 10, codes: ['31'] }

describe('changes', () => {
	it('sends only what differs, with numbers as numbers', () => {
		expect(changes(fields, defs, { name: '华东', weight: '12', codes: ['31'] }, record)).toEqual({ weight: 12 })
	})

	it('takes an emptied field as null', () => {
		expect(changes(fields, defs, { name: ' ', weight: 10, codes: ['31'] }, record)).toEqual({ name: null })
	})

	it('compares lists whether they came parsed or as text', () => {
		expect(changes(fields, defs, { name: '华东', weight: 10, codes: ['31'] }, { ...record, codes: '["31"]' })).toEqual({})
		expect(changes(fields, defs, { name: '华东', weight: 10, codes: ['31', '32'] }, record)).toEqual({ codes: ['31', '32'] })
	})

	it('sends what is set for a new record', () => {
		expect(changes(fields, defs, valuesOf(fields, null, { weight: 5 }), null)).toEqual({ weight: 5 })
	})
})

describe('clean', () => {
	it('leaves what is not a whole number for the server to refuse', () => {
		expect(clean('1.5', defs[1])).toBe('1.5')
	})
})

describe('asList', () => {
	it('is empty for nothing and for what is no list', () => {
		expect(asList(null)).toEqual([])
		expect(asList('{"a":1}')).toEqual([])
		expect(asJson('{')).toBeNull()
	})
})
