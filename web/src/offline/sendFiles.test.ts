import { describe, expect, it } from 'vitest'
import { BoxFull } from './box'
import { bytesOf, KEPT_BYTES_MAX, newId, type Content, type Draft, type FileDraft } from './draft'
import { memoryBox } from './memory'
import { sendAll, type Fetch } from './send'
import { CONTENT_LOST, isHeld, sendFiles } from './sendFiles'

const MADE = Date.parse('2026-11-23T02:05:00Z')
let last = 0
function made(): { id: string; made: number } {
	const at = MADE + ++last
	return { id: newId(at), made: at }
}
const touch = (record: string, more: Partial<Draft> = {}): Draft => ({ ...made(), user: 'me', act: 'touch', object: 'lead', record, title: record, lang: 'zh', body: { method: 'call', summary: '…' }, state: 'waiting', ...more })
const file = (record: string, activity?: string, more: Partial<FileDraft> = {}): FileDraft => ({ ...made(), user: 'me', act: 'file', object: 'lead', record, title: record, lang: 'zh', body: { name: '铭牌 1.jpg', type: 'image/jpeg', bytes: 3, ...(activity ? { activity } : {}) }, state: 'waiting', ...more })
const contentOf = ({ id, user }: Draft): Content => ({ id, user, bytes: new Uint8Array([1, 2, 3]).buffer })

async function boxOf(...drafts: Draft[]) {
	const box = memoryBox()
	await box.putAll(drafts, drafts.filter((draft) => draft.act === 'file').map(contentOf))
	return box
}

function server(reply: (path: URL, bytes: number) => [status: number, body?: unknown] | undefined) {
	const posts: { path: URL; bytes: number }[] = []
	const fetch: Fetch = async (address, init) => {
		const path = new URL(address, 'http://house')
		const bytes = (init.body as ArrayBuffer | undefined)?.byteLength ?? 0
		if (init.method === 'POST') posts.push({ path, bytes })
		const [status, body] = reply(path, bytes) ?? (path.pathname.endsWith('/me') ? [200, { id: 'me' }] : [201, { id: 'x' }])
		if (status === 0) throw new TypeError('no line')
		return new Response(JSON.stringify(body ?? {}), { status })
	}
	return { fetch, posts }
}

describe('sendFiles', () => {
	it('sends name, id, contact and bytes, in the order of choosing, and forgets what has arrived with its content', async () => {
		const [a, b] = [file('1', 'a1'), file('1')]
		const box = await boxOf(b, a)
		const house = server(() => undefined)
		expect(await sendFiles(box, 'me', house.fetch)).toMatchObject({ end: 'clear', sent: [{ draft: { id: a.id } }, { draft: { id: b.id } }] })
		expect(house.posts.map(({ path }) => path.searchParams.get('file'))).toEqual([a.id, b.id])
		expect(house.posts[0]).toMatchObject({ bytes: 3 })
		expect(house.posts[0]!.path.pathname).toBe('/api/v1/leads/1/files')
		expect(house.posts[0]!.path.searchParams.get('name')).toBe('铭牌 1.jpg')
		expect(house.posts.map(({ path }) => path.searchParams.get('activity'))).toEqual(['a1', null])
		expect(await box.drafts('me')).toEqual([])
		expect(await box.content(a.id)).toBeUndefined()
	})

	it('waits for the contact it belongs to, and for a lead that is yet to be made', async () => {
		const contact = touch('1', { state: 'refused' })
		const lead: Draft = { ...touch('9'), act: 'create', record: '9' }
		const files = [file('1', contact.id), file('9'), file('2')]
		const box = await boxOf(contact, lead, ...files)
		expect(files.map((one) => isHeld(one, [contact, lead, ...files]))).toEqual([true, true, false])
		const house = server(() => undefined)
		await sendFiles(box, 'me', house.fetch)
		expect(house.posts.map(({ path }) => path.pathname)).toEqual(['/api/v1/leads/2/files'])
		await box.removeAll([contact.id, lead.id])
		await sendFiles(box, 'me', house.fetch)
		expect(house.posts).toHaveLength(3)
	})

	it('never makes what is typed wait: that goes without looking at files', async () => {
		const contact = touch('1')
		const box = await boxOf(file('1'), contact)
		const house = server(() => undefined)
		expect((await sendAll(box, 'me', house.fetch, () => MADE)).sent.map(({ draft }) => draft.id)).toEqual([contact.id])
		expect(await box.drafts('me')).toHaveLength(1)
	})

	it('keeps the id when the answer got lost, so that the file is there once', async () => {
		const box = await boxOf(file('1'))
		let line = false
		const house = server((path) => (path.pathname.endsWith('/files') && !line ? [0] : undefined))
		expect((await sendFiles(box, 'me', house.fetch)).end).toBe('line')
		expect(await box.drafts('me')).toHaveLength(1)
		line = true
		await sendFiles(box, 'me', house.fetch)
		expect(house.posts[1]!.path.search).toBe(house.posts[0]!.path.search)
	})

	it.each([[415, 'unwelcome_type'], [413, 'too_large'], [404, 'not_found'], [409, 'exists'], [409, 'too_many_files']])('keeps what is refused (%s %s) with the reason and its content, and goes on', async (status, code) => {
		const [a, b] = [file('1'), file('2')]
		const box = await boxOf(a, b)
		const house = server((path) => (path.pathname.includes('/leads/1/') ? [status, { code, detail: '不行。' }] : undefined))
		expect(await sendFiles(box, 'me', house.fetch)).toMatchObject({ end: 'clear', sent: [{ draft: { id: b.id } }], refused: [{ id: a.id }] })
		expect(await box.drafts('me')).toMatchObject([{ id: a.id, state: 'refused', refusal: { status, code, detail: '不行。' } }])
		expect(await box.content(a.id)).toBeDefined()
	})

	it('says when the browser has cleared the content, instead of sending nothing', async () => {
		const one = file('1')
		const box = memoryBox()
		await box.put(one)
		const house = server(() => undefined)
		expect(await sendFiles(box, 'me', house.fetch)).toMatchObject({ end: 'clear', refused: [{ id: one.id }] })
		expect(await box.drafts('me')).toMatchObject([{ state: 'refused', refusal: { code: CONTENT_LOST } }])
		expect(house.posts).toEqual([])
	})

	it('never sends in the name of somebody else', async () => {
		const house = server((path) => (path.pathname.endsWith('/me') ? [200, { id: 'somebody' }] : undefined))
		expect((await sendFiles(await boxOf(file('1')), 'me', house.fetch)).end).toBe('stranger')
		expect(house.posts).toEqual([])
	})
})

describe('the box', () => {
	it('has a bound for files, by person, and takes all or nothing', async () => {
		const big = file('1', undefined, { body: { name: 'a', type: '', bytes: KEPT_BYTES_MAX - 2 } })
		const box = await boxOf(big)
		const contact = touch('1')
		const more = file('1', contact.id)
		await expect(box.putAll([contact, more], [contentOf(more)])).rejects.toThrow(BoxFull)
		expect(await box.drafts('me')).toHaveLength(1)
		const other = { ...more, user: 'another' }
		await box.putAll([other], [contentOf(other)])
		await box.putAll([contact], [])
		expect(bytesOf(await box.drafts('me'))).toBe(KEPT_BYTES_MAX - 2)
	})

	it('forgets contents with the person', async () => {
		const one = file('1')
		const box = await boxOf(one)
		await box.forgetDrafts('me')
		expect(await box.content(one.id)).toBeUndefined()
	})
})
