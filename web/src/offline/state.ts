/* What every screen knows of working without a line: what waits to be sent, how old the screen is, what can be installed. Light, because
 * it is part of the first screen; the rest (`offline.ts`) is loaded when that stands. */
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { Problem } from '@/api/http'
import { text } from '@/api/text'
import type { Draft, FileDraft } from './draft'
import type { Outcome, Typed } from './offline'

/** Kept here, not yet confirmed by the server, in the order of making. */
export const unsent = shallowRef<readonly Draft[]>([])
/** Files of contacts that are still being written, in the order of taking. */
export const begun = shallowRef<readonly FileDraft[]>([])
/** Since when (server time) the screen shows what was kept; null: what the server said. */
export const shownAt = ref<number | null>(null)
/** Set while a newer release is ready: takes it over and loads the page anew. */
export const takeRelease = shallowRef<(() => void) | null>(null)
/** The browser offers to install: asks the person. */
export const install = shallowRef<(() => void) | null>(null)
/** Somebody wants to sign out. */
export const leaving = ref(false)
/** The list of what waits is open. */
export const listing = ref(false)

addEventListener('beforeinstallprompt', (event) => {
	event.preventDefault()
	install.value = () => {
		install.value = null
		void (event as Event & { prompt: () => Promise<unknown> }).prompt()
	}
})
addEventListener('appinstalled', () => (install.value = null))

type Offline = typeof import('./offline')
let loaded: Promise<Offline> | undefined

/** The rest; a failure to load it is not kept. */
export function offline(): Promise<Offline> {
	loaded ??= import('./offline').catch((error) => {
		loaded = undefined
		throw error
	})
	return loaded
}

/** Kept on this device, with the files that were begun for it, then sent. */
export async function submit(typed: Typed, files?: readonly FileDraft[]): Promise<Outcome> {
	const it = await offline().catch(() => undefined)
	return it ? it.submit(typed, files) : { state: 'refused', problem: new Problem(0, 'offline', text('offline')) }
}

let stand: () => void
const stands = new Promise<void>((resolve) => (stand = resolve))

/** The first screen stands. */
export function startOffline(): void {
	stand()
	void offline().then((it) => it.start(), () => undefined)
}

const KEPT = 'tenon.who'
/** Whose last screens may be shown without asking the server: whoever is signed in. */
export const keptUser = (): string | null => localStorage.getItem(KEPT)
export const setKeptUser = (id: string | null): void => (id ? localStorage.setItem(KEPT, id) : localStorage.removeItem(KEPT))

/** No answer from the server itself, maybe from something before it. */
export const isUnreachable = (problem: unknown): problem is Problem => problem instanceof Problem && [0, 502, 503, 504].includes(problem.status)

/** What the server says, kept for later; without a line what was kept, with its time. */
export async function remembered<T>(what: string, ask: () => Promise<T>, version = (_value: T) => 0): Promise<{ value: T; at: number | null; now?: number }> {
	try {
		const value = await ask()
		void stands.then(offline).then((it) => it.keep(what, value, version(value)), () => undefined)
		return { value, at: null }
	} catch (problem) {
		const kept = isUnreachable(problem) ? await offline().then((it) => it.recall<T>(what), () => undefined) : undefined
		if (kept) return kept
		throw problem
	}
}

/** A screen tells how old it is while it stands. */
export function useShownAt(at: () => number | null): void {
	watch(at, (now) => (shownAt.value = now), { immediate: true })
	onScopeDispose(() => (shownAt.value = null))
}

/** What is not kept for later says so where there is no line: nobody is to believe that it will be done. */
export const withLine = <T>(asked: Promise<T>): Promise<T> =>
	asked.catch(async (problem) => {
		throw problem instanceof Problem && problem.offline ? await offline().then((it) => it.needsLine(), () => problem) : problem
	})
