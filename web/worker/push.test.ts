import { describe, expect, it, vi } from 'vitest'
import { listenForPush, openPush, placeOf, readPush, showPush, type PushScope } from './push'

const at = 'https://crm.example.com'

function scope(windows: { url: string }[] = []) {
	const opened = windows.map((one) => ({ ...one, focus: vi.fn(async () => undefined), navigate: vi.fn(async () => undefined) }))
	const made = {
		registration: { showNotification: vi.fn(async () => undefined) },
		clients: { matchAll: async () => opened, openWindow: vi.fn(async () => undefined) },
		location: { origin: at },
		addEventListener: vi.fn(),
	}
	return { made, opened, as: made as unknown as PushScope }
}

const message = (text: unknown) => ({ data: { json: () => (typeof text === 'string' ? JSON.parse(text) : text) }, waitUntil: vi.fn() })

describe('push messages', () => {
	it('shows something whatever comes', () => {
		expect(readPush(null).title).toContain('Tenon')
		expect(readPush(message('{').data).title).toContain('Tenon')
		expect(readPush(message({ title: 7 }).data).title).toContain('Tenon')
		expect(readPush(message({ title: '新线索', body: '公司' }).data)).toEqual({ title: '新线索', body: '公司' })
	})

	it('never leads out of the house', () => {
		expect(placeOf(`${at}/leads/1?x=2`, at)).toBe('/leads/1?x=2')
		expect(placeOf('https://evil.example/leads/1', at)).toBe('/leads/1')
		expect(placeOf('javascript:alert(1)', at)).toBe('/')
		expect(placeOf(null, at)).toBe('/')
		expect(placeOf(undefined, at)).toBe('/')
	})

	it('shows title and text', () => {
		const s = scope()
		showPush(s.as, message({ title: '新线索', body: '上海云帆', url: `${at}/leads/1`, tag: 'lead.assigned', urgent: true }))
		expect(s.made.registration.showNotification).toHaveBeenCalledWith('新线索', { body: '上海云帆', tag: 'lead.assigned', data: `${at}/leads/1`, requireInteraction: true })
	})

	it('a click leads to the lead in the window that is open, else in a new one', async () => {
		for (const windows of [[], [{ url: 'https://other.example/' }, { url: `${at}/desk` }]]) {
			const s = scope(windows)
			let work: Promise<unknown> = Promise.resolve()
			const close = vi.fn()
			openPush(s.as, { notification: { data: `${at}/leads/1`, close }, waitUntil: (w) => (work = w) })
			await work
			expect(close).toHaveBeenCalled()
			if (windows.length === 0) expect(s.made.clients.openWindow).toHaveBeenCalledWith('/leads/1')
			else {
				expect(s.opened[1]!.navigate).toHaveBeenCalledWith('/leads/1')
				expect(s.opened[0]!.focus).not.toHaveBeenCalled()
			}
		}
	})

	it('listens to both', () => {
		const s = scope()
		listenForPush(s.as)
		expect(s.made.addEventListener.mock.calls.map((c) => c[0])).toEqual(['push', 'notificationclick'])
	})
})
