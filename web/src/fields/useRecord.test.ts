import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, ref } from 'vue'
import { Problem } from '@/api/http'
import type { Rec } from '@/api/types'
import { setLang } from '@/i18n/i18n'
import type { Draft } from '@/offline/draft'
import { shownAt, unsent } from '@/offline/state'
import { useRecord } from './useRecord'

const { kept, submit, settle } = vi.hoisted(() => ({ kept: vi.fn(), submit: vi.fn(), settle: vi.fn() }))
vi.mock('@/offline/offline', () => ({ keep: vi.fn(), recall: kept, start: vi.fn(), submit, settle }))
vi.mock('@/session/session', () => ({ me: () => ({ id: 'me' }), session: { boot: {}, kept: false } }))

const rec = (version: number, city = '上海', id = 'a1'): Rec => ({ id, version, name: '云帆', city })
const offline = () => Promise.reject(new Problem(0, 'offline', ''))
const draft = (more: Partial<Draft> = {}): Draft => ({ id: 'd', user: 'me', act: 'edit', object: 'account', record: 'a1', title: '云帆', made: 0, lang: 'zh', body: { city: '杭州' }, base: { version: 3, values: { city: '上海' } }, state: 'waiting', ...more })

beforeEach(() => {
	setLang('zh')
	unsent.value = []
	;[kept, submit, settle].forEach((fn) => fn.mockReset())
})

function open(ask: () => Promise<Rec>, id = ref('a1')) {
	let it!: ReturnType<typeof useRecord<Rec>>
	const page = mount(defineComponent({
		setup() {
			it = useRecord(() => ({ object: 'account', id: id.value, kept: `record/account/${id.value}`, ask, title: (one) => String(one.name) }))
			return () => null
		},
	}))
	return { it, page }
}

describe('useRecord', () => {
	it('shows what was kept, with its age, when there is no line, and lets it replace nothing newer (F10)', async () => {
		kept.mockResolvedValue({ value: rec(2), at: 7 })
		const ask = vi.fn().mockImplementationOnce(offline).mockResolvedValueOnce(rec(5, '苏州')).mockImplementation(offline)
		const { it, page } = open(ask)
		await vi.waitFor(() => expect(it.record.value?.version).toBe(2))
		expect(shownAt.value).toBe(7)
		await it.load()
		expect([it.record.value?.city, shownAt.value]).toEqual(['苏州', null])
		await it.load()
		expect(it.record.value?.version).toBe(5)
		expect(shownAt.value).toBeGreaterThan(7)
		page.unmount()
		expect(shownAt.value).toBeNull()
	})

	it('is never set back by an answer that comes late', async () => {
		const ask = vi.fn().mockResolvedValueOnce(rec(5)).mockResolvedValueOnce(rec(4, '旧'))
		const { it } = open(ask)
		await vi.waitFor(() => expect(it.record.value?.version).toBe(5))
		await it.load()
		expect(it.record.value).toMatchObject({ version: 5, city: '上海' })
	})

	it('keeps an edit that waits over the record, with the version and the value it was typed upon', async () => {
		const { it } = open(async () => rec(3))
		await vi.waitFor(() => expect(it.record.value).toBeTruthy())
		submit.mockImplementation(async () => {
			unsent.value = [draft()]
			return { state: 'waiting' }
		})
		expect(await it.save('city', '城市', '杭州')).toBeUndefined()
		expect(submit).toHaveBeenCalledWith(expect.objectContaining({ act: 'edit', object: 'account', record: 'a1', title: '云帆', body: { city: '杭州' }, base: { version: 3, values: { city: '上海' } }, labels: { city: '城市' } }), undefined)
		expect(it.record.value?.city).toBe('杭州')
		unsent.value = []
		expect(it.record.value?.city).toBe('上海')
	})

	it('asks the person where somebody else was faster, and settles what was chosen', async () => {
		const clash = draft({ state: 'conflict', theirs: { version: 4, values: { city: '苏州' }, who: '张敏' } })
		const ask = vi.fn().mockResolvedValueOnce(rec(3)).mockResolvedValue(rec(4, '苏州'))
		const { it } = open(ask)
		await vi.waitFor(() => expect(it.record.value).toBeTruthy())
		submit.mockImplementation(async () => {
			unsent.value = [clash]
			return { state: 'conflict', draft: clash }
		})
		expect(await it.save('city', '城市', '杭州')).toBeUndefined()
		expect(it.conflict.value).toBe(clash)
		expect(it.record.value?.city).toBe('杭州')
		await it.resolve(new Set(['city']))
		expect(settle).toHaveBeenCalledWith(clash, new Set(['city']))
		expect(it.conflict.value).toBeNull()
	})

	it('takes back what the server refuses and hands on why, so that the editor stays open', async () => {
		const { it } = open(async () => rec(3))
		await vi.waitFor(() => expect(it.record.value).toBeTruthy())
		const problem = new Problem(400, 'invalid', '不行')
		submit.mockResolvedValue({ state: 'refused', problem })
		expect(await it.save('city', '城市', '杭州')).toBe(problem)
		expect(it.record.value?.city).toBe('上海')
	})

	it('shows nothing of the record before while another one is on its way', async () => {
		const id = ref('a1')
		let answer: (one: Rec) => void = () => undefined
		const ask = vi.fn().mockResolvedValueOnce(rec(3)).mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
		const { it } = open(ask, id)
		await vi.waitFor(() => expect(it.record.value?.id).toBe('a1'))
		id.value = 'b2'
		await vi.waitFor(() => expect(it.record.value).toBeNull())
		answer(rec(1, '北京', 'b2'))
		await vi.waitFor(() => expect(it.record.value?.id).toBe('b2'))
	})
})
