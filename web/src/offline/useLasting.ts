/* Shows what lasts: a condition that comes and goes within a moment is not shown, and what is shown stays for a moment, so that nothing
 * flashes. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

const WAIT_MS = 1000
const STAY_MS = 700

/** `urgent` does not wait. */
export function useLasting(holds: () => boolean, urgent: () => boolean): Readonly<Ref<boolean>> {
	const shown = ref(false)
	let since = 0
	let timer: ReturnType<typeof setTimeout> | undefined

	function set(value: boolean): void {
		shown.value = value
		if (value) since = performance.now()
	}
	watch([holds, () => holds() && urgent()], ([now, atOnce]) => {
		clearTimeout(timer)
		if (atOnce && !shown.value) set(true)
		else if (now !== shown.value) timer = setTimeout(set, now ? WAIT_MS : Math.max(0, STAY_MS - (performance.now() - since)), now)
	}, { immediate: true })
	onScopeDispose(() => clearTimeout(timer))
	return shown
}
