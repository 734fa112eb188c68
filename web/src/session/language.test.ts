import { beforeEach, describe, expect, it, vi } from 'vitest'
import { makeWish, tellWish, wishOf } from './language'

const fetchMock = vi.fn()
const said = (status: number) => Promise.resolve(new Response(JSON.stringify({}), { status }))
const asked = () => fetchMock.mock.calls.map(([, init]) => JSON.parse((init as { body: string }).body).language)

beforeEach(() => {
	localStorage.clear()
	fetchMock.mockReset()
	vi.stubGlobal('fetch', fetchMock)
})

describe('the language that was chosen', () => {
	it('is remembered until the server has it', async () => {
		let answer: (response: Response) => void = () => undefined
		fetchMock.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
		makeWish('me', 'en')
		const told = tellWish('me')
		expect(wishOf('me')).toBe('en')
		await vi.waitFor(() => expect(fetchMock).toHaveBeenCalled())
		answer(new Response('{}', { status: 200 }))
		expect(await told).toBe('en')
		expect(wishOf('me')).toBeUndefined()
	})

	it('waits while there is no line or no session, and is told again', async () => {
		makeWish('me', 'en')
		fetchMock.mockRejectedValueOnce(new TypeError('no line')).mockReturnValueOnce(said(401)).mockReturnValueOnce(said(503)).mockReturnValueOnce(said(200))
		for (let n = 0; n < 3; n++) {
			expect(await tellWish('me')).toBeUndefined()
			expect(wishOf('me')).toBe('en')
		}
		expect(await tellWish('me')).toBe('en')
		expect(wishOf('me')).toBeUndefined()
	})

	it('is told in the order of choosing, and an older answer forgets no newer choice', async () => {
		fetchMock.mockImplementationOnce(async () => {
			makeWish('me', 'zh')
			return said(200)
		}).mockReturnValueOnce(said(200))
		makeWish('me', 'en')
		const first = tellWish('me')
		await first
		expect(wishOf('me')).toBe('zh')
		await tellWish('me')
		expect(asked()).toEqual(['en', 'zh'])
		expect(wishOf('me')).toBeUndefined()
	})

	it('is not asked again where the server refuses it, and belongs to one person', async () => {
		makeWish('me', 'en')
		expect(wishOf('other')).toBeUndefined()
		expect(await tellWish('other')).toBeUndefined()
		expect(fetchMock).not.toHaveBeenCalled()
		fetchMock.mockReturnValueOnce(said(400))
		await tellWish('me')
		expect(wishOf('me')).toBeUndefined()
	})
})
