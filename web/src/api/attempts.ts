/* The Idempotency-Key of each POST. Where the answer to one got lost, whoever asks for the same again asks for the same deed: with the same
 * key the server does it once. */
const AGAIN_MS = 10 * 60_000
const KEPT_MAX = 20

export interface Attempt {
	key: string
	/** Answered, whatever the answer was: the next one is a deed of its own. */
	over(): void
	/** No answer: the next one alike is this one. */
	again(): void
}

/** Returns the attempt at what the text names; null: each stands for itself. */
export function attempts(fresh: () => string, now: () => number = () => performance.now()) {
	const open = new Map<string, { key: string; until: number }>()

	function keyOf(what: string): string {
		const known = open.get(what)
		return known && known.until > now() ? known.key : fresh()
	}

	return (what: string | null, given?: string): Attempt => {
		const key = given ?? (what === null ? fresh() : keyOf(what))
		return {
			key,
			over: () => void (what !== null && open.delete(what)),
			again() {
				if (what === null) return
				open.delete(what)
				open.set(what, { key, until: now() + AGAIN_MS })
				if (open.size > KEPT_MAX) open.delete(open.keys().next().value!)
			},
		}
	}
}
