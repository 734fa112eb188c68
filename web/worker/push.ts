/* What the service worker does with a push message: it shows what the server said, and a click leads there. Imported by the worker's
 * entry; knows nothing of the application. */

interface Said {
	title: string
	body?: string
	url?: string | null
	tag?: string
	urgent?: boolean
}

/** The part of a worker's scope that is used here; the DOM's types know no workers. */
export interface PushScope {
	registration: { showNotification(title: string, options: NotificationOptions): Promise<void> }
	clients: {
		matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<{ url: string; focus(): Promise<unknown>; navigate(url: string): Promise<unknown> }[]>
		openWindow(url: string): Promise<unknown>
	}
	location: { origin: string }
	addEventListener(kind: 'push' | 'notificationclick', listener: (event: never) => void): void
}

interface PushMessage {
	data: { json(): unknown } | null
	waitUntil(work: Promise<unknown>): void
}

interface Click {
	notification: { data: unknown; close(): void }
	waitUntil(work: Promise<unknown>): void
}

/** Browsers want something shown for every message, also for one that cannot be read. */
export function readPush(message: PushMessage['data']): Said {
	try {
		const said = message?.json() as Said | null
		if (said && typeof said.title === 'string' && said.title) return said
	} catch {
		// shown as below
	}
	return { title: 'Tenon 榫卯' }
}

/** Only places of this house: a path, whatever the message says. */
export function placeOf(url: unknown, origin: string): string {
	try {
		const to = new URL(typeof url === 'string' ? url : '/', origin)
		return to.pathname.startsWith('/') ? to.pathname + to.search : '/'
	} catch {
		return '/'
	}
}

export function showPush(scope: PushScope, message: PushMessage): void {
	const said = readPush(message.data)
	message.waitUntil(scope.registration.showNotification(said.title, { body: said.body, tag: said.tag, data: said.url, requireInteraction: said.urgent === true }))
}

export function openPush(scope: PushScope, click: Click): void {
	const place = placeOf(click.notification.data, scope.location.origin)
	click.notification.close()
	click.waitUntil(
		scope.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async (windows) => {
			const open = windows.find((one) => new URL(one.url).origin === scope.location.origin)
			if (!open) return scope.clients.openWindow(place)
			await open.focus()
			return open.navigate(place).catch(() => undefined)
		}),
	)
}

export function listenForPush(scope: PushScope): void {
	scope.addEventListener('push', (event: never) => showPush(scope, event))
	scope.addEventListener('notificationclick', (event: never) => openPush(scope, event))
}
