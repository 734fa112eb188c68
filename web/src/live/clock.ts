/* The server's clock in the browser. Countdowns are counted on it, so that two browsers with wrong clocks show the same second. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

let offset = 0

/** Server time in milliseconds. */
export function serverNow(): number {
	return Date.now() + offset
}

/** Learns the server's time from an answer that carried it. */
export function observeNow(iso: string | undefined): void {
	if (!iso) return
	const ms = Date.parse(iso)
	if (Number.isNaN(ms)) return
	offset = ms - Date.now()
	now.value = serverNow()
}

/** A live message is never from the future: if it seems so, our idea of the server's time is behind. */
export function observeAtLeast(iso: string): void {
	if (Date.parse(iso) > serverNow() + 1500) observeNow(iso)
}

const JUMP_MS = 2000
const WATCH_MS = 2000
const drift = () => Date.now() - performance.now()

/** The device's clock was set, or the device slept: only the server can tell which. Asks it then; returns how to stop. */
export function watchClock(ask: () => void): () => void {
	let last = drift()
	const watching = setInterval(() => {
		const jumped = Math.abs(drift() - last) > JUMP_MS
		last = drift()
		if (jumped) ask()
	}, WATCH_MS)
	return () => clearInterval(watching)
}

const now = shallowRef(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** The server's time as a ref that moves every second while somebody looks. Call it in a component's setup. */
export function useNow(): Readonly<ShallowRef<number>> {
	if (users++ === 0) {
		now.value = serverNow()
		timer = setInterval(() => (now.value = serverNow()), 1000)
	}
	onScopeDispose(() => {
		if (--users === 0) clearInterval(timer)
	})
	return now
}
