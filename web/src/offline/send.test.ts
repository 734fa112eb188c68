import { describe, expect, it } from 'vitest'
import { newId, type Draft } from './draft'
import { memoryBox } from './memory'
import { judge, sendAll, type Fetch } from './send'

const MADE = Date.parse('2026-11-23T02:05:00Z')
let last = 0
const touch = (record: string, more: Partial<Draft> = {}): Draft => {
	const id = newId(MADE + ++last)
	return { id, user: 'me', act: 'touch', object: 'lead', record, title: record, made: MADE + last, lang: 'zh', body: { method: 'call', summary: '电话里谈好了三十台设备的安装时间。' }, state: 'waiting', ...more }
}
const edit = (record: string, body: Draft['body'], version: number, values: Draft['body']): Draft => ({ ...touch(record), act: 'edit', body, base: { version, values } })
const create = (record: string): Draft => ({ ...touch(record), id: record, act: 'create', object: 'task', body: { name: '回访' } })

interface Asked {
	path: string
	method: string
	headers: Record<string, string>
	body: Record<string, unknown> | undefined
}
type Reply = [status: number, body?: unknown, headers?: Record<string, string>]

/** A server that answers by path; /me is always the same person unless told otherwise. */
function server(reply: (asked: Asked) => Reply | undefined) {
	const asked: Asked[] = []
	const fetch: Fetch = async (path, init) => {
		const one = { path: path.replace('/api/v1', ''), method: init.method ?? 'GET', headers: (init.headers ?? {}) as Record<string, string>, body: init.body ? JSON.parse(String(init.body)) : undefined }
		asked.push(one)
		const [status, body, headers] = reply(one) ?? (one.path === '/me' ? [200, { id: 'me' }] : [200, { id: 'x', version: 9 }])
		if (status === 0) throw new TypeError('no line')
		return new Response(status === 204 ? null : JSON.stringify(body ?? {}), { status, headers })
	}
	return { fetch, asked, writes: () => asked.filter((one) => one.method !== 'GET') }
}

async function boxOf(...drafts: Draft[]) {
	const box = memoryBox()
	for (const draft of drafts) await box.put(draft)
	return box
}

const soon = () => MADE + 1000
const hourLater = () => MADE + 3_600_000

describe('sendAll', () => {
	it('sends in the order of making and forgets what has arrived', async () => {
		const [a, b, c] = [touch('1'), create(newId(MADE)), touch('2')]
		const box = await boxOf(c!, a!, b!)
		const house = server(() => undefined)
		const report = await sendAll(box, 'me', house.fetch, soon)
		expect(report).toMatchObject({ end: 'clear' })
		expect(house.writes().map((one) => one.path)).toEqual(['/leads/1/touch', '/records/task', '/leads/2/touch'])
		expect(report.sent.map((one) => one.draft.id)).toEqual([a!.id, b!.id, c!.id])
		expect(await box.drafts('me')).toEqual([])
	})

	it('asks nothing when nothing waits', async () => {
		const house = server(() => undefined)
		await sendAll(await boxOf(), 'me', house.fetch, soon)
		expect(house.asked).toEqual([])
	})

	it('carries an id and a key made here, the same at each attempt', async () => {
		const draft = touch('1')
		const box = await boxOf(draft)
		let line = false
		const house = server((one) => (one.method === 'POST' && !line ? [0] : undefined))
		expect((await sendAll(box, 'me', house.fetch, soon)).end).toBe('line')
		line = true
		await sendAll(box, 'me', house.fetch, soon)
		const [first, second] = house.writes()
		expect(first!.body).toEqual(second!.body)
		expect(first!.headers['Idempotency-Key']).toBe(second!.headers['Idempotency-Key'])
		expect(first!.body).toMatchObject({ activity: draft.id })
		expect(first!.body).not.toHaveProperty('happened_at')
	})

	it('tells when a contact took place once it is late, under another key because the words differ', async () => {
		const draft = touch('1')
		const house = server(() => undefined)
		await sendAll(await boxOf(draft), 'me', house.fetch, hourLater)
		expect(house.writes()[0]!.body).toMatchObject({ activity: draft.id, happened_at: new Date(draft.made).toISOString() })
		expect(house.writes()[0]!.headers['Idempotency-Key']).not.toBe(draft.id)
	})

	it('stops at a broken line and keeps all that is left, in order', async () => {
		const box = await boxOf(touch('1'), touch('2'), touch('3'))
		const house = server((one) => (one.path === '/leads/2/touch' ? [503, {}, { 'Retry-After': '7' }] : undefined))
		expect(await sendAll(box, 'me', house.fetch, soon)).toMatchObject({ end: 'line', retryAfterMs: 7000 })
		expect((await box.drafts('me')).map((draft) => draft.record)).toEqual(['2', '3'])
		expect((await box.drafts('me')).every((draft) => draft.state === 'waiting')).toBe(true)
	})

	it('keeps what was typed when something else than the house answers, whatever it says', async () => {
		const pages: [number, string][] = [[200, '<html>Please sign in to the Wi-Fi</html>'], [201, '{"id":"01'], [200, ''], [404, '<html>nginx</html>'], [403, 'blocked']]
		for (const [status, page] of pages) {
			const box = await boxOf(touch('1'))
			const house = server(() => undefined)
			const fetch: Fetch = (path, init) => (init.method === 'POST' ? Promise.resolve(new Response(page, { status })) : house.fetch(path, init))
			expect((await sendAll(box, 'me', fetch, soon)).end, page).toBe('line')
			expect((await box.drafts('me')).map((draft) => draft.state), page).toEqual(['waiting'])
		}
	})

	it('is nobody else because a page of the network answers who is signed in', async () => {
		const box = await boxOf(touch('1'))
		expect((await sendAll(box, 'me', async () => new Response('<html></html>'), soon)).end).toBe('line')
	})

	it('comes back before a server that names a time far away', async () => {
		const house = server((one) => (one.path === '/leads/1/touch' ? [429, {}, { 'Retry-After': '9999999' }] : undefined))
		expect((await sendAll(await boxOf(touch('1')), 'me', house.fetch, soon)).retryAfterMs).toBe(15 * 60_000)
	})

	it('never sends in the name of somebody else', async () => {
		const box = await boxOf(touch('1'))
		const other = server((one) => (one.path === '/me' ? [200, { id: 'somebody' }] : undefined))
		expect((await sendAll(box, 'me', other.fetch, soon)).end).toBe('stranger')
		const nobody = server((one) => (one.path === '/me' ? [401] : undefined))
		expect((await sendAll(box, 'me', nobody.fetch, soon)).end).toBe('door')
		expect([...other.writes(), ...nobody.writes()]).toEqual([])
		expect(await box.drafts('me')).toHaveLength(1)
	})

	it('takes "done already" for what it is: the answer got lost, the deed did not', async () => {
		const box = await boxOf(touch('1'), create('c1'))
		const house = server((one) => (one.path.endsWith('/touch') ? [409, { code: 'already_logged' }] : one.path === '/records/task' ? [409, { code: 'exists' }] : undefined))
		expect((await sendAll(box, 'me', house.fetch, soon)).sent).toHaveLength(2)
		expect(await box.drafts('me')).toEqual([])
	})

	it('keeps what is refused with the reason, and goes on with the rest', async () => {
		const box = await boxOf(touch('1'), touch('2'))
		const house = server((one) => (one.path === '/leads/1/touch' ? [409, { code: 'protected', detail: '该线索由张敏负责。' }] : undefined))
		expect((await sendAll(box, 'me', house.fetch, soon)).sent).toHaveLength(1)
		expect(await box.drafts('me')).toMatchObject([{ record: '1', state: 'refused', refusal: { status: 409, detail: '该线索由张敏负责。' }, body: { method: 'call' } }])
	})

	it('does not send what is about a record that could not be made', async () => {
		const box = await boxOf(create('c1'), edit('c1', { name: '新' }, 1, { name: '旧' }))
		const house = server((one) => (one.path === '/records/task' ? [400, { detail: '不行', fields: [] }] : undefined))
		await sendAll(box, 'me', house.fetch, soon)
		expect(house.writes()).toHaveLength(1)
		expect((await box.drafts('me')).map((draft) => draft.state)).toEqual(['refused', 'waiting'])
	})

	it('does not bring back what was thrown away while it was on its way', async () => {
		const draft = touch('1')
		const box = await boxOf(draft)
		const house = server((one) => {
			if (one.method === 'POST') void box.remove(draft.id)
			return one.method === 'POST' ? [400, { detail: '不行' }] : undefined
		})
		await sendAll(box, 'me', house.fetch, soon)
		expect(await box.drafts('me')).toEqual([])
	})
})

describe('an edit that meets a newer version', () => {
	const history = { items: [{ at: 't2', who: { name: '主管' }, fields: { city: ['a', 'b'] } }, { at: 't1', who: { name: '张敏' }, fields: { name: ['王', '李'] } }] }
	const stale = (now: object) => (one: Asked): Reply | undefined => {
		if (one.method === 'PATCH') return one.headers['If-Match'] === '"3"' ? [412, { code: 'stale_version' }] : [200, { version: 8 }]
		if (one.path.endsWith('/history')) return [200, history]
		return one.path.startsWith('/records/lead/') ? [200, now] : undefined
	}

	it('is sent on the version there is when nobody touched its fields', async () => {
		const box = await boxOf(edit('1', { name: '王芳' }, 3, { name: '王' }))
		const house = server(stale({ id: '1', version: 7, name: '王', city: '北京' }))
		expect(await sendAll(box, 'me', house.fetch, soon)).toMatchObject({ end: 'clear', sent: [{ answer: { version: 8 } }] })
		expect(house.writes().map((one) => one.headers['If-Match'])).toEqual(['"3"', '"7"'])
	})

	it('waits for the person when they did, and says who and when', async () => {
		const box = await boxOf(edit('1', { name: '王芳' }, 3, { name: '王' }))
		const house = server(stale({ id: '1', version: 7, name: '李' }))
		expect(await sendAll(box, 'me', house.fetch, soon)).toMatchObject({ end: 'clear', sent: [] })
		expect(await box.drafts('me')).toMatchObject([{ state: 'conflict', body: { name: '王芳' }, theirs: { version: 7, values: { name: '李' }, who: '张敏', at: 't1' } }])
		expect(house.writes()).toHaveLength(1)
	})

	it('is done when the server has the same already: the answer of the first attempt got lost', async () => {
		const box = await boxOf(edit('1', { name: '王芳' }, 3, { name: '王' }))
		const house = server(stale({ id: '1', version: 4, name: '王芳' }))
		expect((await sendAll(box, 'me', house.fetch, soon)).sent).toHaveLength(1)
		expect(await box.drafts('me')).toEqual([])
	})

	it('is not asked about when its answer got lost and somebody changed the field afterwards: the key gives the first answer', async () => {
		const box = await boxOf(edit('1', { name: '王芳' }, 3, { name: '王' }))
		const answers = new Map<string, object>()
		let now = { id: '1', version: 3, name: '王' as unknown }
		let line = false
		const house = server((one) => {
			if (one.method !== 'PATCH') return stale(now)(one)
			const key = one.headers['Idempotency-Key']!
			if (!answers.has(key)) {
				if (one.headers['If-Match'] !== `"${now.version}"`) return [412, {}]
				now = { ...now, ...one.body, version: now.version + 1 }
				answers.set(key, now)
			}
			return line ? [200, answers.get(key)] : [0]
		})
		expect((await sendAll(box, 'me', house.fetch, soon)).end).toBe('line')
		now = { ...now, version: now.version + 1, name: '李' }
		line = true
		// What is typed now is another edit: the first may have arrived.
		const later = await box.join(edit('1', { city: '上海' }, 3, { city: null }))
		expect(await sendAll(box, 'me', house.fetch, soon)).toMatchObject({ end: 'clear', sent: [{ answer: { name: '王芳' } }, { draft: { id: later.id } }] })
		expect(now).toMatchObject({ name: '李', city: '上海' })
		expect(await box.drafts('me')).toEqual([])
	})

	it('does not clash with itself when the page is closed as the answer to the one before it arrives', async () => {
		const box = await boxOf(edit('1', { name: '王' }, 3, { name: '旧' }), edit('1', { name: '王芳' }, 3, { name: '旧' }))
		const answers = new Map<string, object>()
		let now = { id: '1', version: 3, name: '旧' as unknown }
		const house = server((one) => {
			if (one.method !== 'PATCH') return stale(now)(one)
			const key = one.headers['Idempotency-Key']!
			if (!answers.has(key) && one.headers['If-Match'] !== `"${now.version}"`) return [412, {}]
			if (!answers.has(key)) answers.set(key, (now = { ...now, ...one.body, version: now.version + 1 }))
			return [200, answers.get(key)]
		})
		const closed = { ...box, remove: (id: string) => box.remove(id).then(() => Promise.reject(new Error('closed'))) }
		await expect(sendAll(closed, 'me', house.fetch, soon)).rejects.toThrow('closed')
		expect(await sendAll(box, 'me', house.fetch, soon)).toMatchObject({ end: 'clear', sent: [{}] })
		expect(now).toMatchObject({ name: '王芳', version: 5 })
	})

	it('takes along what is typed until it goes out, and nothing after', async () => {
		const first = edit('1', { name: '王' }, 3, { name: '旧' })
		const box = await boxOf(first)
		const house = server((one) => {
			if (one.path === '/me') void box.join(edit('1', { city: '上海' }, 3, { city: null }))
			if (one.method === 'PATCH') void box.join(edit('1', { name: '王芳' }, 3, { name: '旧' }))
			return one.method === 'PATCH' ? [0] : undefined
		})
		await sendAll(box, 'me', house.fetch, soon)
		expect(house.writes().map((one) => one.body)).toEqual([{ name: '王', city: '上海' }])
		expect(await box.drafts('me')).toMatchObject([{ id: first.id, body: { name: '王', city: '上海' } }, { body: { name: '王芳' } }])
	})

	it('is refused, text kept, when the lead is somebody else\'s by now', async () => {
		const box = await boxOf(edit('1', { name: '王芳' }, 3, { name: '王' }))
		const house = server((one) => (one.method === 'PATCH' ? [412, {}] : one.path === '/records/lead/1' ? [404, { code: 'not_found', detail: '不存在，或您无权查看。' }] : undefined))
		await sendAll(box, 'me', house.fetch, soon)
		expect(await box.drafts('me')).toMatchObject([{ state: 'refused', body: { name: '王芳' }, refusal: { status: 404 } }])
	})

	it('gives up for now when the record changes each time', async () => {
		const box = await boxOf(edit('1', { name: '王芳' }, 3, { name: '王' }))
		let version = 3
		const house = server((one) => {
			if (one.method === 'PATCH') return [412, {}]
			if (one.path.endsWith('/history')) return [200, { items: [] }]
			return one.path === '/records/lead/1' ? [200, { id: '1', version: ++version, name: '王' }] : undefined
		})
		expect((await sendAll(box, 'me', house.fetch, soon)).end).toBe('line')
		expect(await box.drafts('me')).toMatchObject([{ state: 'waiting', body: { name: '王芳' } }])
	})

	it('does not clash with what the same person typed before it', async () => {
		const box = await boxOf(edit('1', { name: '王' }, 3, { name: '旧' }), edit('1', { name: '王芳' }, 3, { name: '旧' }))
		let now = { id: '1', version: 3, name: '旧' }
		const house = server((one) => {
			if (one.method !== 'PATCH') return undefined
			if (one.headers['If-Match'] !== `"${now.version}"`) return [412, {}]
			now = { ...now, ...one.body, version: now.version + 1 }
			return [200, now]
		})
		expect(await sendAll(box, 'me', house.fetch, soon)).toMatchObject({ end: 'clear' })
		expect(now).toMatchObject({ name: '王芳', version: 5 })
		expect(house.writes()).toHaveLength(2)
	})
})

describe('judge', () => {
	it('tells a line that is broken from a door that is closed and from a refusal', () => {
		expect(judge(201, undefined, 'create')).toBe('sent')
		for (const status of [0, 408, 429, 500, 502, 503, 504]) expect(judge(status, '', 'touch')).toBe('line')
		expect(judge(409, 'idempotency_under_way', 'touch')).toBe('line')
		expect(judge(401, '', 'touch')).toBe('door')
		expect(judge(403, 'must_change_password', 'touch')).toBe('door')
		expect(judge(403, 'denied', 'touch')).toBe('refused')
		expect(judge(412, 'stale_version', 'edit')).toBe('stale')
		expect(judge(409, 'exists', 'edit')).toBe('refused')
		// Of one's own and of somebody else's at the same moment: the next attempt tells.
		expect(judge(409, 'changed_meanwhile', 'create')).toBe('line')
		expect(judge(400, 'invalid', 'create')).toBe('refused')
	})
})

describe('newId', () => {
	it('is a UUID of version 7 with the moment in it, never twice', () => {
		const ids = new Set(Array.from({ length: 500 }, () => newId(MADE)))
		expect(ids.size).toBe(500)
		for (const id of ids) {
			expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
			expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(MADE)
		}
	})
})
