import { describe, expect, it } from 'vitest'
import { leaves, mappingOf, read, steps } from './mapping'

const body = { data: { contact: { tel: ' 13800138000 ', vip: true }, items: [{ name: '王伟' }, { name: '李' }] }, n: 5, none: null }

describe('read', () => {
	it('follows names and positions, with or without $', () => {
		expect(read(body, 'data.contact.tel')).toEqual({ value: '13800138000' })
		expect(read(body, '$.data.items[1].name')).toEqual({ value: '李' })
		expect(read(body, 'n')).toEqual({ value: '5' })
		expect(read(body, 'data.contact.vip')).toEqual({ value: 'true' })
	})

	it('says when there is nothing or no single value', () => {
		expect(read(body, 'data.phone')).toEqual({ fault: 'notFound' })
		expect(read(body, 'none')).toEqual({ fault: 'notFound' })
		expect(read(body, 'data.items')).toEqual({ fault: 'notScalar' })
		expect(read(body, 'data.contact[0]')).toEqual({ fault: 'notFound' })
	})
})

it('splits paths', () => {
	expect(steps('$.a[0][2].b')).toEqual(['a', 0, 2, 'b'])
})

it('lists what can be picked, and each can be read back', () => {
	const found = leaves(body)
	expect(found.map((leaf) => leaf.path)).toEqual(['data.contact.tel', 'data.contact.vip', 'data.items[0].name', 'data.items[1].name', 'n', 'none'])
	expect(read(body, found[3]!.path)).toEqual({ value: '李' })
})

it('keeps filled lines only', () => {
	expect(mappingOf([{ field: 'phone', path: ' a.b ' }, { field: 'name', path: '' }, { field: '', path: 'x' }])).toEqual({ phone: 'a.b' })
	expect(mappingOf([])).toBeNull()
})
