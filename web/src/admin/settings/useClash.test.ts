import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Rec } from '@/api/types'
import { useClash } from './useClash'

const { getRecord, historyOf } = vi.hoisted(() => ({ getRecord: vi.fn(), historyOf: vi.fn() }))
vi.mock('@/api/records', () => ({ getRecord, historyOf }))

const base: Rec = { id: 's1', version: 3, name: '展会', weight: 10, enabled: true }
const clashing = () => useClash('source', (field) => `L:${field}`)

beforeEach(() => {
	historyOf.mockResolvedValue({ items: [{ at: '2026-11-23T02:00:00Z', who: { id: 'z', name: '张敏' }, fields: { name: ['展会', '广交会'] } }], next: null })
})

describe('useClash', () => {
	it('goes on where the two touched different fields', async () => {
		getRecord.mockResolvedValue({ ...base, version: 4, weight: 20 })
		expect(await clashing().meet(base, { name: '上海展会' })).toMatchObject({ record: { version: 4, weight: 20 }, left: { name: '上海展会' } })
	})

	it('has nothing left where both wrote the same', async () => {
		getRecord.mockResolvedValue({ ...base, version: 4, name: '上海展会' })
		expect(await clashing().meet(base, { name: '上海展会' })).toMatchObject({ left: {} })
	})

	it('asks for each field both changed, with who and when, and leaves what was chosen', async () => {
		getRecord.mockResolvedValue({ ...base, version: 4, name: '广交会', enabled: false })
		const it = clashing()
		const met = it.meet(base, { name: '上海展会', enabled: null, weight: 20 })
		await vi.waitFor(() => expect(it.clash.value).toMatchObject({ state: 'conflict', labels: { name: 'L:name' }, theirs: { who: '张敏', at: '2026-11-23T02:00:00Z', values: { name: '广交会' } } }))
		it.decide(new Set(['name']))
		expect((await met)?.left).toEqual({ name: '上海展会', weight: 20 })
		expect(it.clash.value).toBeNull()
	})

	it('changes nothing while the choice is put off', async () => {
		getRecord.mockResolvedValue({ ...base, version: 4, name: '广交会' })
		const it = clashing()
		const met = it.meet(base, { name: '上海展会' })
		await vi.waitFor(() => expect(it.clash.value).not.toBeNull())
		it.decide(null)
		expect(await met).toBeNull()
	})
})
