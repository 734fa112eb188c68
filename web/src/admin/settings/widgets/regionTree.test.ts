import { describe, expect, it } from 'vitest'
import { flatten, namesOf, search, tickOf, toggle } from './regionTree'

const tree = flatten([
	{ code: '31', name: '上海市', children: [{ code: '3100', name: '上海市', children: [{ code: '310101', name: '黄浦区' }, { code: '310115', name: '浦东新区' }] }] },
	{ code: '44', name: '广东省', children: [
		{ code: '4401', name: '广州市', children: [{ code: '440103', name: '荔湾区' }, { code: '440104', name: '越秀区' }] },
		{ code: '4403', name: '深圳市', children: [{ code: '440303', name: '罗湖区' }] },
	] },
])

describe('flatten', () => {
	it('puts the districts of a municipality right below it', () => {
		expect(tree[0]!.children!.map((c) => c.code)).toEqual(['310101', '310115'])
		expect(tree[1]!.children!.map((c) => c.code)).toEqual(['4401', '4403'])
	})
})

describe('toggle', () => {
	it('drops what lies below a region that is ticked', () => {
		expect(toggle(tree, ['440103', '31'], '44', true)).toEqual(['31', '44'])
	})

	it('makes the whole of all its parts, up to the top', () => {
		expect(toggle(tree, ['4401'], '440303', true)).toEqual(['44'])
	})

	it('keeps the other parts when one is unticked below a ticked region', () => {
		expect(toggle(tree, ['44'], '440103', false)).toEqual(['440104', '4403'])
		expect(toggle(tree, ['44'], '4401', false)).toEqual(['4403'])
		expect(toggle(tree, ['31'], '310115', false)).toEqual(['310101'])
	})

	it('unticks a region with all below it', () => {
		expect(toggle(tree, ['440103', '31'], '44', false)).toEqual(['31'])
	})
})

describe('tickOf', () => {
	it('knows on, some and off', () => {
		expect(tickOf(['44'], '440103')).toBe('on')
		expect(tickOf(['440103'], '44')).toBe('some')
		expect(tickOf(['440103'], '31')).toBe('off')
	})
})

it('names and finds places', () => {
	expect(namesOf(tree, ['440303'])).toEqual([{ code: '440303', name: '广东省 深圳市 罗湖区' }])
	expect(search(tree, '浦东')).toEqual([{ code: '310115', name: '上海市 浦东新区' }])
})
