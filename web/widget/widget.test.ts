import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { facts, remember, see } from './context'
import { fault, TenonForm } from './form'
import { outbox, pause, type Result } from './outbox'
import { words } from './words'

const STORE = 'tenon:t'
const answer = (status: number, body: object = {}, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers })

beforeEach(() => {
	localStorage.clear()
	sessionStorage.clear()
	vi.useFakeTimers()
})
afterEach(() => {
	vi.useRealTimers()
	vi.unstubAllGlobals()
})

describe('outbox', () => {
	it('keeps a parcel while the server is away and sends it with the same key until it is accepted', async () => {
		const keys: string[] = []
		const replies = [() => Promise.resolve(answer(502)), () => Promise.reject(new TypeError('offline')), () => Promise.resolve(answer(202, { receipt: 'r1' }))]
		vi.stubGlobal('fetch', vi.fn((_url: string, init: RequestInit) => (keys.push(new Headers(init.headers).get('Idempotency-Key')!), replies.shift()!())))
		const told: Result[] = []
		const box = outbox(STORE, '/capture/web', 'zh', (result) => told.push(result))
		box.send({ name: '王' })
		await vi.advanceTimersByTimeAsync(10)
		expect(box.waiting()).toBe(true)
		await vi.advanceTimersByTimeAsync(10_000)
		expect(new Set(keys).size).toBe(1)
		expect(keys.length).toBe(3)
		expect(told.at(-1)).toEqual({ state: 'sent', receipt: 'r1' })
		expect(box.waiting()).toBe(false)
	})

	it('sends what an earlier page left behind, with its key', async () => {
		remember('localStorage', STORE, { key: 'k9', body: '{"name":"王"}' })
		const fetched = vi.fn(() => Promise.resolve(answer(202, { receipt: 'r' })))
		vi.stubGlobal('fetch', fetched)
		const box = outbox(STORE, '/capture/web', 'zh', () => undefined)
		await box.flush()
		const init = (fetched.mock.calls as unknown as [string, RequestInit][])[0]![1]
		expect(new Headers(init.headers).get('Idempotency-Key')).toBe('k9')
		expect(init.body).toBe('{"name":"王"}')
	})

	it('waits as long as the server says, and gives up on what will never be accepted', async () => {
		const fetched = vi.fn().mockResolvedValueOnce(answer(429, {}, { 'Retry-After': '7' })).mockResolvedValueOnce(answer(400, { detail: '电话无法识别' }))
		vi.stubGlobal('fetch', fetched)
		const told: Result[] = []
		const box = outbox(STORE, '/capture/web', 'zh', (result) => told.push(result))
		box.send({})
		await vi.advanceTimersByTimeAsync(6900)
		expect(fetched).toHaveBeenCalledTimes(1)
		await vi.advanceTimersByTimeAsync(200)
		expect(told.at(-1)).toEqual({ state: 'refused', detail: '电话无法识别' })
		expect(box.waiting()).toBe(false)
	})

	it('pauses longer with each failure, spread, and never beyond a minute', () => {
		expect(pause(0, 1)).toBe(1000)
		expect(pause(3, 0)).toBe(4000)
		expect(pause(40, 1)).toBe(60_000)
	})
})

describe('facts', () => {
	it('has the context facts under the names of the server', () => {
		expect(Object.keys(facts(see(), Date.now() - 2000)).sort()).toEqual(
			['device', 'dwell_ms', 'form_ms', 'language', 'page', 'pages_seen', 'referrer', 'screen', 'utm_campaign', 'utm_medium', 'utm_source'],
		)
		expect(facts(see(), Date.now() - 2000).form_ms).toBeGreaterThanOrEqual(2000)
	})
})

describe('fault', () => {
	const w = words.zh
	it('wants a phone only from who consented (F1)', () => {
		expect(fault({ name: '王', phone: '' }, true, w)).toBe(w.needPhone)
		expect(fault({ name: '王', phone: '' }, false, w)).toBe('')
		expect(fault({ name: '王', phone: '12' }, false, w)).toBe(w.badPhone)
		expect(fault({ name: '', phone: '' }, false, w)).toBe(w.empty)
	})
})

describe('TenonForm', () => {
	customElements.define('tenon-form', TenonForm)
	function mount() {
		const form = document.createElement('tenon-form')
		form.setAttribute('source', 't')
		form.lang = 'zh'
		document.body.append(form)
		const root = form.shadowRoot!
		const box = (name: string) => root.querySelector<HTMLInputElement>(`[name=${name}]`)!
		return { form, root, box }
	}
	const type = (input: HTMLInputElement, value: string) => {
		input.value = value
		input.dispatchEvent(new Event('input', { bubbles: true }))
	}

	it('keeps what was typed for the next page', () => {
		const first = mount()
		type(first.box('message'), '三台协作机器人')
		first.form.remove()
		expect(mount().box('message').value).toBe('三台协作机器人')
	})

	it('sends no context without consent, and all of it with', async () => {
		const bodies: Record<string, unknown>[] = []
		vi.stubGlobal('fetch', vi.fn((_: string, init: RequestInit) => (bodies.push(JSON.parse(String(init.body)) as Record<string, unknown>), Promise.resolve(answer(202, { receipt: 'R-1' })))))
		const { root, box } = mount()
		type(box('name'), '王伟')
		root.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }))
		await vi.advanceTimersByTimeAsync(1)
		expect(bodies[0]).toEqual({ name: '王伟', consent: false })
		expect(root.querySelector('code')!.textContent).toBe('R-1')

		root.querySelector<HTMLButtonElement>('.q')!.click()
		type(box('phone'), '13800138000')
		box('consent').checked = true
		root.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }))
		await vi.advanceTimersByTimeAsync(1)
		expect(bodies[1]).toMatchObject({ phone: '13800138000', consent: true, pages_seen: 1 })
	})

	it('says in words what is missing', () => {
		const { root } = mount()
		root.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }))
		expect(root.querySelector('[role=alert]')!.textContent).toBe(words.zh.empty)
	})
})
