import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { setLang } from '@/i18n/i18n'
import TouchForm from './TouchForm.vue'

vi.mock('@/session/session', () => ({ me: () => ({ id: 'me' }), session: { boot: {}, kept: false }, reloadBoot: vi.fn() }))

const LONG = '已电话联系客户，确认三十台设备的需求，周四上门演示。'
const fetchMock = vi.fn()
const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status })
// Before anything is sent it is asked whose session this is.
const asked = (path: string, init: unknown) => (path.endsWith('/me') ? Promise.resolve(answer(200, { id: 'me' })) : fetchMock(path, init))

// A form that stays would save its draft a moment later, in the middle of the next test.
enableAutoUnmount(afterEach)

beforeEach(() => {
	setLang('zh')
	localStorage.clear()
	fetchMock.mockReset()
	vi.stubGlobal('fetch', asked)
})

const open = () => mount(TouchForm, { props: { lead: 'lead-1', name: '云帆', min: 20 } })
const keyOf = (call: number) => (fetchMock.mock.calls[call]![1] as { headers: Record<string, string> }).headers['Idempotency-Key']

describe('TouchForm', () => {
	it('counts what is missing and sends nothing too short', async () => {
		const form = open()
		await form.get('textarea').setValue('太短了')
		expect(form.text()).toContain('3/20')
		await form.get('form').trigger('submit')
		expect(form.text()).toContain('至少需要 20 个字')
		expect(fetchMock).not.toHaveBeenCalled()
	})

	it('counts characters, not code units or blanks around them', async () => {
		const form = open()
		await form.get('textarea').setValue(`  ${'😀'.repeat(19)}  `)
		expect(form.text()).toContain('19/20')
	})

	it('sends method and summary, then forgets the draft', async () => {
		fetchMock.mockResolvedValue(answer(200, { id: 'lead-1', version: 2 }))
		const form = open()
		await form.get('input[value=visit]').setValue()
		await form.get('textarea').setValue(LONG)
		await form.get('form').trigger('submit')
		await vi.waitFor(() => expect(form.emitted('done')).toHaveLength(1))
		expect(JSON.parse((fetchMock.mock.calls[0]![1] as { body: string }).body)).toMatchObject({ method: 'visit', summary: LONG })
		form.unmount()
		expect(localStorage.length).toBe(0)
	})

	it('shows who holds a protected lead and keeps the text', async () => {
		fetchMock.mockResolvedValue(answer(409, { code: 'protected', detail: '这条线索由张敏负责，保护期至 17:51。' }))
		const form = open()
		await form.get('textarea').setValue(LONG)
		await form.get('form').trigger('submit')
		await vi.waitFor(() => expect(form.text()).toContain('由张敏负责'))
		expect((form.get('textarea').element as HTMLTextAreaElement).value).toBe(LONG)
	})

	it('repeats with the same key when the answer got lost, so that it counts once', async () => {
		fetchMock.mockRejectedValueOnce(new TypeError('network')).mockResolvedValueOnce(answer(200, { id: 'lead-1' }))
		const form = open()
		await form.get('textarea').setValue(LONG)
		await form.get('form').trigger('submit')
		await vi.waitFor(() => expect(form.text()).toContain('无法连接服务器'))
		await form.get('form').trigger('submit')
		await vi.waitFor(() => expect(form.emitted('done')).toHaveLength(1))
		expect(keyOf(1)).toBe(keyOf(0))
	})

	it('brings a draft back after it was closed', async () => {
		const form = open()
		await form.get('textarea').setValue('还没写完')
		form.unmount()
		expect((open().get('textarea').element as HTMLTextAreaElement).value).toBe('还没写完')
	})
})
