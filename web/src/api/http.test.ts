import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { setLang } from '@/i18n/i18n'
import { get, Problem, post } from './http'

type Reply = () => Response | Promise<Response>
const asked: { path: string; key: string | undefined }[] = []

/** A network that gives these answers, one after the other. */
function answers(...replies: Reply[]): void {
	asked.length = 0
	vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
		asked.push({ path, key: (init.headers as Record<string, string>)['Idempotency-Key'] })
		return Promise.race([
			Promise.resolve().then(replies.shift() ?? (() => json({}))),
			new Promise<never>((_, fail) => init.signal?.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError')))),
		])
	})
}

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status })
const html = (status: number, headers?: Record<string, string>) => new Response('<html><h1>nginx</h1></html>', { status, headers })
const failed = async (run: Promise<unknown>) => (await run.then(() => undefined, (problem) => problem)) as Problem

beforeEach(() => {
	setLang('zh')
	vi.useFakeTimers()
})
afterEach(() => {
	vi.useRealTimers()
	vi.unstubAllGlobals()
})

describe('an answer that is none', () => {
	it('is told as an outage when a page of the network comes with 200, or half an answer', async () => {
		for (const body of ['<html>Please sign in to the Wi-Fi</html>', '{"items":[{"id":"1"', '']) {
			answers(() => new Response(body, { status: 200 }))
			const problem = await failed(get('/desk'))
			expect(problem).toBeInstanceOf(Problem)
			expect(problem.offline).toBe(true)
		}
	})

	it('is told after a time when it never comes; one that takes 20 s is waited for', async () => {
		answers(() => new Promise(() => undefined))
		const never = failed(get('/desk'))
		await vi.advanceTimersByTimeAsync(30_000)
		expect((await never).offline).toBe(true)
		answers(() => new Promise((resolve) => setTimeout(() => resolve(json({ slow: true })), 20_000)))
		const slow = get('/desk')
		await vi.advanceTimersByTimeAsync(20_000)
		expect(await slow).toEqual({ slow: true })
	})

	it('has words for what stands before the server', async () => {
		for (const [reply, words] of [[html(413), /太大/], [html(429, { 'Retry-After': '7' }), /7/], [html(502), /无法连接/]] as const) {
			answers(() => reply)
			expect((await failed(post('/x', {}))).detail).toMatch(words)
		}
	})

	it('is no fault when the asker gave up', async () => {
		answers(() => new Promise(() => undefined))
		const stop = new AbortController()
		const asking = failed(get('/x', {}, { signal: stop.signal }))
		stop.abort()
		expect((await asking).name).toBe('AbortError')
	})
})

describe('the same asked again', () => {
	const lost: Record<string, Reply> = {
		'a broken line': () => Promise.reject(new TypeError('no line')),
		'a 502 of a proxy': () => html(502),
		'half an answer': () => new Response('{"id":', { status: 201 }),
		'the first one still under way': () => json({ code: 'idempotency_under_way' }, 409),
	}
	for (const [why, reply] of Object.entries(lost)) {
		it(`after ${why} has the same key: it is one deed`, async () => {
			answers(reply)
			await failed(post('/keys', { name: why }))
			await post('/keys', { name: why })
			await post('/keys', { name: why })
			expect(asked[1]!.key).toBe(asked[0]!.key)
			expect(asked[2]!.key, 'answered, the next is a deed of its own').not.toBe(asked[0]!.key)
		})
	}

	it('after a refusal, with other words, or much later is another deed', async () => {
		answers(() => json({ code: 'invalid' }, 422), () => html(502))
		await failed(post('/keys', { name: 'a' }))
		await failed(post('/keys', { name: 'a' }))
		await post('/keys', { name: 'b' })
		vi.advanceTimersByTime(11 * 60_000)
		await post('/keys', { name: 'a' })
		expect(new Set(asked.map(({ key }) => key)).size).toBe(4)
	})
})
