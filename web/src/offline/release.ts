/* The service worker: the application starts without a line. A newer release waits, whole, until the person takes it; the pages then load
 * anew, so that no page ever mixes two releases. */
import { watch } from 'vue'
import { live } from '@/live/live'
import { takeRelease } from './state'

const LOOK_MS = 3_600_000

let taking = false

function announce(waiting: ServiceWorker): void {
	takeRelease.value = () => {
		taking = true
		waiting.postMessage('take-over')
	}
}

function follow(worker: ServiceWorkerRegistration): void {
	if (worker.waiting && navigator.serviceWorker.controller) announce(worker.waiting)
	worker.addEventListener('updatefound', () => {
		const fresh = worker.installing
		fresh?.addEventListener('statechange', () => fresh.state === 'installed' && navigator.serviceWorker.controller && announce(fresh))
	})
	let looked = Date.now()
	const look = () => {
		if (Date.now() - looked < LOOK_MS) return
		looked = Date.now()
		void worker.update().catch(() => undefined)
	}
	document.addEventListener('visibilitychange', () => !document.hidden && look())
	// A line that comes back may lead to a server of another release.
	watch(() => live.state, (state) => state === 'live' && void worker.update().catch(() => undefined))
}

export function register(): void {
	const { serviceWorker } = navigator
	if (!serviceWorker || !import.meta.env.PROD) return
	// The first worker of all takes over from nobody.
	let before = Boolean(serviceWorker.controller)
	serviceWorker.addEventListener('controllerchange', () => {
		if (taking) location.reload()
		// Taken in another tab: this one says so and waits, somebody may be typing here.
		else if (before) takeRelease.value = () => location.reload()
		before = true
	})
	void serviceWorker.register('/sw.js', { updateViaCache: 'none' }).then(follow, () => undefined)
}
