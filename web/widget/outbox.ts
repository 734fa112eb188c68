/* One submission on its way: kept in the browser until the server has it, tried again with the same key, so that it arrives once (F5). */
import { remember } from './context'

export interface Parcel {
	key: string
	body: string
}

export type Result = { state: 'sent'; receipt: string } | { state: 'waiting' } | { state: 'refused'; detail: string }

const FIRST_MS = 1000
const LONGEST_MS = 60_000
const TIMEOUT_MS = 20_000

/** 128 random bits: no two submissions share a key. */
const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-')

/** Doubles with each failure, spread so that many visitors do not come back in one moment. */
export const pause = (failures: number, random = Math.random()) => Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.5 + random / 2)

const worthTrying = (status: number) => status >= 500 || status === 429

export function outbox(store: string, endpoint: string, lang: string, tell: (result: Result) => void) {
	let timer = 0
	let failures = 0
	let busy = false

	const post = (parcel: Parcel) =>
		fetch(endpoint, {
			method: 'POST', body: parcel.body, signal: AbortSignal.timeout?.(TIMEOUT_MS), credentials: 'omit',
			headers: { 'Content-Type': 'application/json', 'Idempotency-Key': parcel.key, 'Accept-Language': lang },
		}).catch(() => undefined)

	function later(seconds: number): void {
		clearTimeout(timer)
		timer = window.setTimeout(flush, seconds > 0 ? seconds * 1000 : pause(failures))
		failures++
		tell({ state: 'waiting' })
	}

	async function flush(): Promise<void> {
		const parcel = remember<Parcel>('localStorage', store) ?? held
		if (!parcel || busy) return
		clearTimeout(timer)
		busy = true
		const response = await post(parcel)
		const answer = await response?.json().catch(() => undefined)
		busy = false
		if (!response || worthTrying(response.status)) return later(Number(response?.headers.get('Retry-After')) || 0)
		failures = 0
		held = undefined
		remember('localStorage', store, null)
		tell(response.ok ? { state: 'sent', receipt: answer?.receipt ?? '' } : { state: 'refused', detail: answer?.detail ?? '' })
	}

	let held: Parcel | undefined // where storage is forbidden

	function send(body: object): void {
		held = { key: newKey(), body: JSON.stringify(body) }
		remember('localStorage', store, held)
		void flush()
	}

	addEventListener('online', flush)
	return { send, flush, waiting: () => Boolean(remember('localStorage', store) ?? held) }
}
