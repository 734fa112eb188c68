/* The service worker: starts the application without a line, and sends what waits when the line is back and no page is open; shows what is
 * pushed to this device. */
import { openBox } from '@/offline/box'
import { SYNC } from '@/offline/pace'
import { sendAll, type Fetch } from '@/offline/send'
import { FILES_LOCK, sendFiles } from '@/offline/sendFiles'
import { listenForPush, type PushScope } from './push'
import { file, fill, isOurs, isScreen, screen, stale, type Release } from './shell'

// Written in by worker/build.mjs.
declare const RELEASE: Release

interface Lasting extends Event {
	waitUntil(done: Promise<unknown>): void
}

interface Asking extends Lasting {
	request: Request
	respondWith(answer: Promise<Response>): void
}

interface Scope {
	addEventListener(kind: 'install' | 'activate', run: (event: Lasting) => void): void
	addEventListener(kind: 'fetch', run: (event: Asking) => void): void
	addEventListener(kind: 'message', run: (event: MessageEvent) => void): void
	addEventListener(kind: 'sync', run: (event: Lasting & { tag: string }) => void): void
	clients: { matchAll(which: { type: 'window' }): Promise<{ postMessage(data: unknown): void }[]> }
	skipWaiting(): Promise<void>
}

const scope = self as unknown as Scope

async function clear(): Promise<void> {
	await Promise.all(stale(await caches.keys(), RELEASE.version).map((name) => caches.delete(name)))
}

/** A page that is open sends by itself and shows what comes of it; whether it got to that is seen at the next try. */
async function send(): Promise<void> {
	const box = await openBox()
	if (!(await box.waits())) return
	const pages = await scope.clients.matchAll({ type: 'window' })
	pages.forEach((page) => page.postMessage('send'))
	if (pages.length > 0) throw new Error('a page is to send it')
	const me = await fetch('/api/v1/me', { credentials: 'same-origin' })
	if (!me.ok) return
	const { id } = (await me.json()) as { id: string }
	const ask: Fetch = (path, init) => fetch(path, init)
	const typed = await navigator.locks.request(SYNC, () => sendAll(box, id, ask, Date.now))
	const files = await navigator.locks.request(FILES_LOCK, () => sendFiles(box, id, ask))
	// Failing tells the browser to try again.
	if (typed.end === 'line' || files.end === 'line') throw new Error('not everything could be sent')
}

scope.addEventListener('install', (event) => event.waitUntil(fill(RELEASE)))
scope.addEventListener('activate', (event) => event.waitUntil(clear()))
scope.addEventListener('message', (event) => {
	if (event.data === 'take-over') void scope.skipWaiting()
})
scope.addEventListener('sync', (event) => {
	if (event.tag === SYNC) event.waitUntil(send())
})
scope.addEventListener('fetch', (event) => {
	const { request } = event
	const url = new URL(request.url)
	if (request.method !== 'GET' || url.origin !== location.origin) return
	if (request.mode === 'navigate' && isScreen(url.pathname)) event.respondWith(screen(request, RELEASE.version))
	else if (isOurs(url.pathname)) event.respondWith(file(request, RELEASE.version))
})

listenForPush(self as unknown as PushScope)
