/* Something that is tried, once at a time: `busy` while it runs, `error` holds what it threw until the next try. */
import { ref, shallowRef } from 'vue'

export function useAttempt() {
	const busy = ref(false)
	const error = shallowRef<unknown>(null)

	async function attempt(act: () => Promise<void>): Promise<void> {
		if (busy.value) return
		busy.value = true
		error.value = null
		try {
			await act()
		} catch (problem) {
			error.value = problem
		} finally {
			busy.value = false
		}
	}

	return { busy, error, attempt }
}
