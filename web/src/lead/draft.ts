/* Text that somebody typed outlives a closed dialog, a lost session and a reload: it is kept per person and purpose until sent. */
import { onScopeDispose, reactive, watch } from 'vue'
import { me, session } from '@/session/session'

const PREFIX = 'tenon.draft'
const SAVE_MS = 300

function stored<T extends object>(key: string, initial: T): T {
	try {
		return { ...initial, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<T>) }
	} catch {
		return { ...initial }
	}
}

const keyOf = (purpose: string) => `${PREFIX}.${me().id}.${purpose}`

export const hasDraft = (purpose: string): boolean => localStorage.getItem(keyOf(purpose)) !== null

/** Purposes that begin like this and have something kept. */
export const draftsUnder = (purpose: string): number => Object.keys(localStorage).filter((key) => key.startsWith(keyOf(purpose))).length

export function useDraft<T extends object>(purpose: string, initial: T) {
	const key = keyOf(purpose)
	const draft = reactive(stored(key, initial)) as T
	let timer: ReturnType<typeof setTimeout> | undefined
	let done = false
	const save = () => {
		clearTimeout(timer)
		// Signed out: what was typed went with it.
		if (done || !session.boot) return
		if (JSON.stringify(draft) === JSON.stringify(initial)) localStorage.removeItem(key)
		else localStorage.setItem(key, JSON.stringify(draft))
	}
	watch(draft, () => {
		clearTimeout(timer)
		timer = setTimeout(save, SAVE_MS)
	})
	// A phone closes pages without asking: what was typed last is kept too.
	addEventListener('pagehide', save)
	document.addEventListener('visibilitychange', save)
	onScopeDispose(() => {
		removeEventListener('pagehide', save)
		document.removeEventListener('visibilitychange', save)
	})
	/** Sent: nothing is kept any more. */
	const clear = () => {
		done = true
		clearTimeout(timer)
		localStorage.removeItem(key)
	}
	return { draft, clear, save }
}
