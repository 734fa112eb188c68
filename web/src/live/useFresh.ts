/* One question to the server that is asked again when live news concerns it. An older answer never replaces a newer one (F10). */
import { onScopeDispose, shallowRef } from 'vue'
import { Problem } from '@/api/http'
import type { LiveMessage } from '@/api/types'
import { useLive, useResync } from './live'

const SOON_MS = 120

export function useFresh<T>(ask: () => Promise<T>, concerns: (message: LiveMessage) => boolean, received?: (answer: T) => void) {
	const data = shallowRef<T | null>(null)
	const error = shallowRef<unknown>(null)
	const loading = shallowRef(true)
	let asked = 0
	let timer: ReturnType<typeof setTimeout> | undefined

	async function load(): Promise<void> {
		const mine = ++asked
		loading.value = true
		try {
			const answer = await ask()
			if (mine !== asked) return
			received?.(answer)
			data.value = answer
			error.value = null
		} catch (problem) {
			if (mine !== asked) return
			error.value = problem
			// The right to it was taken away: what stands here is no longer for this person.
			if (problem instanceof Problem && problem.status === 403) data.value = null
		} finally {
			if (mine === asked) loading.value = false
		}
	}

	// The first news is answered soon and never put off by those that follow: a busy day must not starve the screen.
	function loadSoon(): void {
		timer ??= setTimeout(() => {
			timer = undefined
			void load()
		}, SOON_MS)
	}

	useLive((message) => concerns(message) && loadSoon())
	useResync(() => void load())
	const visible = () => !document.hidden && loadSoon()
	document.addEventListener('visibilitychange', visible)
	onScopeDispose(() => {
		asked = -1
		clearTimeout(timer)
		document.removeEventListener('visibilitychange', visible)
	})
	void load()
	return { data, error, loading, load }
}
