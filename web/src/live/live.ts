/* What happens on the server, as it happens. One tab of the browser holds the stream (a lock decides which) and passes the news to
 * the others; it resumes after the last number seen, so nothing is missed over a break. Where the browser offers no locks (plain
 * http in a local network) each visible tab holds its own. */
import { onScopeDispose, reactive, readonly } from 'vue'
import type { LiveMessage } from '@/api/types'
import { observeAtLeast, serverNow } from './clock'
import { readStream } from './stream'

export type LiveState = 'connecting' | 'live' | 'reconnecting'
export type Listener = (message: LiveMessage) => void

const SILENCE_MS = 40_000 // the server says something every 15 s
const RESYNC_MS = 10 * 60_000
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15_000]

type Post = { kind: 'message'; message: LiveMessage } | { kind: 'state'; state: LiveState; freshAt: number; seq: number } | { kind: 'hello' }

const state = reactive({ state: 'connecting' as LiveState, freshAt: serverNow(), leader: false })
const listeners = new Set<Listener>()
const resyncs = new Set<() => void>()

let seq = -1
let stop: AbortController | undefined
let channel: BroadcastChannel | undefined
let expired: () => void = () => undefined

export const live = readonly(state)

function deliver(message: LiveMessage): void {
	if (message.seq <= seq) return
	seq = message.seq
	observeAtLeast(message.at)
	for (const listener of [...listeners]) listener(message)
}

function setState(next: LiveState): void {
	const brokenFor = serverNow() - state.freshAt
	const back = next === 'live' && state.state === 'reconnecting'
	state.state = next
	if (next === 'live') state.freshAt = serverNow()
	if (back && brokenFor > RESYNC_MS) resyncs.forEach((run) => run())
	tell({ kind: 'state', state: next, freshAt: state.freshAt, seq })
}

function tell(post: Post): void {
	channel?.postMessage(post)
}

/** Heard from the leading tab. */
function heard({ data }: MessageEvent<Post>): void {
	if (data.kind === 'message') deliver(data.message)
	else if (data.kind === 'hello') {
		if (state.leader) tell({ kind: 'state', state: state.state, freshAt: state.freshAt, seq })
	} else if (!state.leader) {
		state.state = data.state
		state.freshAt = data.freshAt
	}
}

function parse(text: string): LiveMessage | undefined {
	try {
		return JSON.parse(text) as LiveMessage
	} catch {
		return undefined
	}
}

/** One connection, watched: silence ends it. */
async function connection(signal: AbortSignal): Promise<number> {
	const broken = new AbortController()
	const end = () => broken.abort()
	signal.addEventListener('abort', end, { once: true })
	window.addEventListener('offline', end, { once: true })
	let watchdog = setTimeout(end, SILENCE_MS)
	const alive = () => {
		clearTimeout(watchdog)
		watchdog = setTimeout(end, SILENCE_MS)
		state.freshAt = serverNow()
	}
	try {
		return await readStream(seq, broken.signal, {
			opened: () => setState('live'),
			alive,
			event: (event) => {
				const message = parse(event.data)
				if (!message) return
				tell({ kind: 'message', message })
				deliver(message)
			},
		})
	} catch {
		return 0
	} finally {
		clearTimeout(watchdog)
		signal.removeEventListener('abort', end)
		window.removeEventListener('offline', end)
	}
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const done = () => {
			clearTimeout(timer)
			window.removeEventListener('online', done)
			resolve()
		}
		const timer = setTimeout(done, ms)
		window.addEventListener('online', done, { once: true })
		signal.addEventListener('abort', done, { once: true })
	})
}

/** Holds the stream until told to stop. */
async function lead(signal: AbortSignal): Promise<void> {
	state.leader = true
	for (let failures = 0; !signal.aborted; ) {
		const status = await connection(signal)
		if (signal.aborted) break
		failures = status === 200 ? 0 : failures + 1
		setState('reconnecting')
		if (status === 401) expired()
		const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)]!
		await pause(wait * (0.7 + Math.random() * 0.6), signal)
	}
	state.leader = false
}

function whileVisible(signal: AbortSignal): void {
	let current: AbortController | undefined
	const look = () => {
		if (signal.aborted || document.hidden) {
			current?.abort()
			current = undefined
		} else if (!current) {
			current = new AbortController()
			void lead(current.signal)
		}
	}
	document.addEventListener('visibilitychange', look)
	signal.addEventListener('abort', () => {
		document.removeEventListener('visibilitychange', look)
		look()
	})
	look()
}

/** Starts listening after sign-in. onExpired is called when the session ended. */
export function startLive(after: number, onSessionEnd: () => void): void {
	stopLive()
	seq = after
	expired = onSessionEnd
	stop = new AbortController()
	const { signal } = stop
	if (!navigator.locks) {
		whileVisible(signal)
		return
	}
	channel = new BroadcastChannel('tenon.live')
	channel.onmessage = heard
	tell({ kind: 'hello' })
	navigator.locks.request('tenon.live', { signal }, () => lead(signal)).catch(() => undefined)
}

export function stopLive(): void {
	stop?.abort()
	stop = undefined
	channel?.close()
	channel = undefined
	state.state = 'connecting'
}

/** Hears every message while the component lives. */
export function useLive(listener: Listener): void {
	onScopeDispose(onLive(listener))
}

/** Runs when so much may have been missed that a screen should load again. */
export function useResync(run: () => void): void {
	resyncs.add(run)
	onScopeDispose(() => resyncs.delete(run))
}

/** Role or team changed: what the screens show was asked for by somebody who saw other things. */
export const resync = (): void => resyncs.forEach((run) => run())

/** For code outside components; returns how to stop. */
export function onLive(listener: Listener): () => void {
	listeners.add(listener)
	return () => void listeners.delete(listener)
}
