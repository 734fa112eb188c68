/* When to try again what found no line: later and later, unless the server says when; where the browser can, also after the page is closed. */
import type { Report } from './send'

const BACKOFF_MS = [5000, 10_000, 30_000, 60_000, 300_000]
export const SYNC = 'tenon.unsent'

type Syncing = ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } }

/** Asks the browser to wake the service worker when there is a line. */
export function askSync(): void {
	void navigator.serviceWorker?.ready.then((worker) => (worker as Syncing).sync?.register(SYNC)).catch(() => undefined)
}

export function pace(again: () => void): (report: Report) => void {
	let failures = 0
	let timer: ReturnType<typeof setTimeout> | undefined
	return ({ end, retryAfterMs }) => {
		clearTimeout(timer)
		if (end !== 'line') return void (failures = 0)
		timer = setTimeout(again, retryAfterMs ?? BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)]! * (0.7 + Math.random() * 0.6))
		// With a network and no server the browser would wake it at once, again and again.
		if (navigator.onLine === false) askSync()
	}
}
