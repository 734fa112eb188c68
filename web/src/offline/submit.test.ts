import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Draft } from './draft'
import { opening, refresh } from './kept'
import { flush, submit, type Typed } from './offline'
import { unsent } from './state'

vi.mock('@/session/session', () => ({ session: { boot: { user: { id: 'me' } } }, me: () => ({ id: 'me' }), reloadBoot: vi.fn() }))

/** A server that answers what changes something only when it is told to. */
const held: (() => void)[] = []
const answers = (path: string): Record<string, unknown> => (path.endsWith('/me') ? { id: 'me' } : { id: path.split('/').at(-1), version: 9, _change: `change of ${path}` })

beforeEach(() => {
	held.length = 0
	vi.stubGlobal('fetch', async (path: string, init: RequestInit = {}) => {
		if (init.method) await new Promise<void>((go) => held.push(go))
		return new Response(JSON.stringify(answers(path)), { status: 200 })
	})
})

const edit = (record: string): Typed => ({ act: 'edit', object: 'account', record, title: '云帆', body: { city: '苏州' }, base: { version: 1, values: { city: '上海' } } })

async function letOne(): Promise<void> {
	await vi.waitUntil(() => held.length > 0)
	held.shift()!()
}

describe('submit', () => {
	it('hears of its answer though an earlier run took it along', async () => {
		const first = submit(edit('a'))
		await vi.waitUntil(() => held.length === 1)
		const second = submit(edit('b'))
		await vi.waitUntil(() => unsent.value.length === 2)
		await letOne()
		await letOne()
		expect(await first).toMatchObject({ state: 'sent', answer: { id: 'a' } })
		expect(await second).toMatchObject({ state: 'sent', answer: { id: 'b', _change: expect.any(String) } })
		expect(unsent.value).toEqual([])
	})

	it('hears of its answer though the line came back at that moment and all that waits was sent', async () => {
		const box = await opening
		const putAll = vi.spyOn(box, 'putAll').mockImplementationOnce(async (drafts, contents) => {
			putAll.mockRestore()
			await box.putAll(drafts, contents)
			await refresh()
			flush()
		})
		const mine = submit(edit('c'))
		await letOne()
		expect(await mine).toMatchObject({ state: 'sent', answer: { id: 'c' } })
	})

	it('is done when another tab has sent it', async () => {
		const box = await opening
		const mine = submit(edit('d'))
		await vi.waitUntil(() => held.length === 1)
		const other = submit({ ...edit('e'), id: 'e' })
		await vi.waitUntil(() => unsent.value.some((draft: Draft) => draft.id === 'e'))
		await box.remove('e')
		await letOne()
		expect(await mine).toMatchObject({ state: 'sent' })
		expect(await other).toEqual({ state: 'sent', answer: undefined })
	})
})
