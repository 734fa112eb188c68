/* The state of backups; while one runs it is asked for again, a second after each answer. */
import { computed, onScopeDispose } from 'vue'
import { useFresh } from '@/live/useFresh'
import { getCare } from './api'

const AGAIN_MS = 1000

export function useCare() {
	let timer: ReturnType<typeof setTimeout> | undefined
	const fresh = useFresh(getCare, (message) => message.kind === 'alert', (care) => {
		clearTimeout(timer)
		if (care.running) timer = setTimeout(() => void fresh.load(), AGAIN_MS)
	})
	onScopeDispose(() => clearTimeout(timer))
	const running = computed(() => fresh.data.value?.running ?? null)
	const percent = computed(() => {
		const now = running.value
		return now && now.total > 0 ? Math.min(100, Math.round((now.done * 100) / now.total)) : 0
	})
	return { ...fresh, running, percent }
}
