import { describe, expect, it } from 'vitest'
import { fill } from './i18n'

type Catalogue = { default: Record<string, string> }
const zh = import.meta.glob<Catalogue>('../**/zh.ts', { eager: true })
const en = import.meta.glob<Catalogue>('../**/en.ts', { eager: true })
const places = (text: string) => [...text.matchAll(/\{(\w+)/g)].map((hit) => hit[1]).sort()

describe('catalogues', () => {
	it('exist in both languages for each area', () => {
		expect(Object.keys(zh).length).toBeGreaterThan(4)
		expect(Object.keys(en).sort()).toEqual(Object.keys(zh).map((path) => path.replace('zh.ts', 'en.ts')).sort())
	})

	it.each(Object.keys(zh))('%s has the same keys and places in English', (path) => {
		const chinese = zh[path]!.default
		const english = en[path.replace('zh.ts', 'en.ts')]!.default
		expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort())
		for (const [key, text] of Object.entries(chinese)) {
			expect(text.trim(), key).not.toBe('')
			expect(new Set(places(english[key]!)), key).toEqual(new Set(places(text)))
			expect(english[key], `${key} is Chinese in the English catalogue`).toSatisfy((s: string) => !/[\u4e00-\u9fff]/.test(s) || s === '中文')
		}
	})
})

describe('fill', () => {
	it('fills places and chooses the plural', () => {
		expect(fill('{n} {n?lead:leads} of {who}', { n: 1, who: 'A' })).toBe('1 lead of A')
		expect(fill('{n} {n?lead:leads}', { n: 3 })).toBe('3 leads')
	})

	it('leaves an unknown place visible instead of hiding it', () => {
		expect(fill('{a} {b}', { a: 1 })).toBe('1 {b}')
	})
})
