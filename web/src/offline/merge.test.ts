import { describe, expect, it } from 'vitest'
import type { Draft } from './draft'
import { clashing, join, overlay, place, rebase, resolve, same } from './merge'

const edit = (body: Draft['body'], values: Draft['body'], more: Partial<Draft> = {}): Draft => ({
	id: 'd1', user: 'me', act: 'edit', object: 'lead', record: 'r1', title: '云帆', made: 0, lang: 'zh', body, base: { version: 3, values }, labels: {}, state: 'waiting', ...more,
})

describe('same', () => {
	it('takes blanks of every kind for one, and a moment written in two ways', () => {
		expect(same(null, '')).toBe(true)
		expect(same(undefined, null)).toBe(true)
		expect(same(0, '')).toBe(false)
		expect(same(12, '12')).toBe(true)
		expect(same(' 王芳', '王芳')).toBe(true)
		expect(same('2026-11-23T02:00:00.000Z', '2026-11-23T10:00:00+08:00')).toBe(true)
		expect(same({ a: 1 }, { a: 1 })).toBe(true)
		expect(same('上海', '北京')).toBe(false)
	})
})

describe('rebase', () => {
	it('goes on silently where nobody else touched these fields', () => {
		const next = rebase(edit({ name: '王芳' }, { name: '王' }), { version: 5, values: { name: '王', city: '北京' } })
		expect(next).toMatchObject({ state: 'waiting', body: { name: '王芳' }, base: { version: 5, values: { name: '王' } } })
		expect(next?.theirs).toBeUndefined()
	})

	it('has nothing left to send where the server has the same already', () => {
		expect(rebase(edit({ name: '王芳' }, { name: '王' }), { version: 5, values: { name: '王芳' } })).toBeUndefined()
	})

	it('puts what two people changed differently before the person, with both values', () => {
		const next = rebase(edit({ name: '王芳', city: '上海' }, { name: '王', city: null }), { version: 5, values: { name: '李', city: null }, who: '张敏', at: 'then' })
		expect(next).toMatchObject({ state: 'conflict', body: { name: '王芳', city: '上海' }, theirs: { version: 5, values: { name: '李', city: null }, who: '张敏', at: 'then' } })
		expect(clashing(next!)).toEqual(['name'])
	})

	it('asks again when it moves on once more while the person chooses', () => {
		const first = rebase(edit({ name: '王芳' }, { name: '王' }), { version: 5, values: { name: '李' } })!
		const chosen = resolve(first, new Set(['name']))!
		expect(chosen).toMatchObject({ state: 'waiting', base: { version: 5, values: { name: '李' } } })
		expect(rebase(chosen, { version: 6, values: { name: '赵' } })).toMatchObject({ state: 'conflict' })
		expect(rebase(chosen, { version: 6, values: { name: '李', city: '北京' } })).toMatchObject({ state: 'waiting', base: { version: 6 } })
	})
})

describe('resolve', () => {
	const conflict = rebase(edit({ name: '王芳', phone: '2', city: '上海' }, { name: '王', phone: '1', city: null }), { version: 5, values: { name: '李', phone: '3', city: null } })!

	it('sends mine where I chose mine, and what never clashed', () => {
		expect(resolve(conflict, new Set(['phone']))).toMatchObject({ body: { phone: '2', city: '上海' }, base: { version: 5, values: { phone: '3', city: null } }, state: 'waiting' })
		expect(resolve(conflict, new Set(['phone']))!.body).not.toHaveProperty('name')
	})

	it('leaves nothing to send when all of theirs stay', () => {
		expect(resolve(rebase(edit({ name: '王芳' }, { name: '王' }), { version: 5, values: { name: '李' } })!, new Set())).toBeUndefined()
	})
})

describe('join', () => {
	it('makes two edits of one record one, on the first version and the first values', () => {
		const both = join(edit({ name: '王' }, { name: '旧' }), edit({ name: '王芳', city: '上海' }, { name: '王', city: null }, { id: 'd2', base: { version: 4, values: { name: '王', city: null } } }))
		expect(both).toMatchObject({ id: 'd1', body: { name: '王芳', city: '上海' }, base: { version: 3, values: { name: '旧', city: null } } })
	})
})

describe('place', () => {
	const later = edit({ name: '王芳' }, { name: '王' }, { id: 'd9', made: 9 })

	it('joins the last edit of the record, never an earlier one: that would be overwritten by what came between', () => {
		const [first, second] = [edit({ name: '甲' }, {}), edit({ name: '乙', city: '上海' }, {}, { id: 'd2', made: 2 })]
		const other = edit({ name: '丙' }, {}, { id: 'd3', made: 3, record: 'r2' })
		expect(place(later, [first, second, other])).toMatchObject({ id: 'd2', body: { name: '王芳', city: '上海' } })
	})

	it('stays alone behind one that has gone out, is refused or waits for the person', () => {
		for (const more of [{ tried: true }, { state: 'refused' as const }, { state: 'conflict' as const }]) expect(place(later, [edit({ name: '甲' }, {}), edit({ name: '乙' }, {}, { id: 'd2', made: 2, ...more })])).toBe(later)
	})

	it('may be joined again once it was put on another version', () => {
		expect(place(later, [rebase(edit({ name: '甲' }, { name: '旧' }, { tried: true }), { version: 5, values: { name: '旧' } })!])).toMatchObject({ id: 'd1', body: { name: '王芳' } })
	})
})

describe('overlay', () => {
	it('shows the record as it will be, refused edits left out', () => {
		const record = { name: '旧', city: '北京' }
		expect(overlay(record, [edit({ name: '王芳' }, {}), edit({ city: '上海' }, {}, { state: 'refused' })])).toEqual({ name: '王芳', city: '北京' })
		expect(overlay(record, [])).toBe(record)
	})
})
