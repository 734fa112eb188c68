import { describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/http'
import { isNewer, type Seen } from './box'
import { memoryBox } from './memory'
import { isUnreachable, remembered } from './state'

const recall = vi.hoisted(() => vi.fn())
vi.mock('./offline', () => ({ recall, keep: vi.fn(), start: vi.fn() }))

const seen = (version: number, at: number, value: unknown = version): Seen => ({ user: 'me', what: 'lead/1', version, at, local: at, value })

describe('what was seen', () => {
	it('is never replaced by something older (F10)', async () => {
		expect(isNewer(seen(2, 5), undefined)).toBe(true)
		expect(isNewer(seen(2, 9), seen(3, 5))).toBe(false)
		expect(isNewer(seen(3, 4), seen(3, 5))).toBe(false)
		expect(isNewer(seen(4, 1), seen(3, 5))).toBe(true)
		const box = memoryBox()
		await box.keep(seen(3, 5, 'new'))
		await box.keep(seen(2, 9, 'old'))
		expect((await box.recall('me', 'lead/1'))?.value).toBe('new')
	})

	it('belongs to one person and goes when that person signs out', async () => {
		const box = memoryBox()
		await box.keep(seen(1, 1))
		await box.keep({ ...seen(1, 1), user: 'other' })
		await box.forgetSeen((user) => user === 'me')
		expect(await box.recall('me', 'lead/1')).toBeUndefined()
		expect(await box.recall('other', 'lead/1')).toBeDefined()
	})
})

describe('remembered', () => {
	it('asks the server first and says nothing of age', async () => {
		expect(await remembered('desk', async () => 'fresh')).toEqual({ value: 'fresh', at: null })
	})

	it('shows what was kept, with its time, when there is no line or only something before the server answers', async () => {
		recall.mockResolvedValue({ value: 'kept', at: 7 })
		for (const status of [0, 502, 503, 504]) {
			expect(await remembered('desk', () => Promise.reject(new Problem(status, '', '')))).toEqual({ value: 'kept', at: 7 })
		}
	})

	it('never hides a refusal behind what was kept', async () => {
		recall.mockResolvedValue({ value: 'kept', at: 7 })
		for (const status of [401, 403, 404, 500]) {
			await expect(remembered('desk', () => Promise.reject(new Problem(status, '', '')))).rejects.toMatchObject({ status })
		}
		expect(isUnreachable(new TypeError('a fault of ours'))).toBe(false)
	})

	it('says so when nothing was kept', async () => {
		recall.mockResolvedValue(undefined)
		await expect(remembered('desk', () => Promise.reject(new Problem(0, 'offline', '')))).rejects.toMatchObject({ status: 0 })
	})
})
