/* Back - the gesture of a phone, the key, the arrow of the browser - closes what lies on top before it leaves the page below. */
import { onBeforeUnmount, watch } from 'vue'

interface Layer {
	close: () => void
	/** Part of the address: going back to the same page closes it by itself. */
	addressed: boolean
}

const layers: Layer[] = []
let popping = false

// Before the router hears of it; what it asks then, it asks before the next task.
addEventListener('popstate', () => {
	popping = true
	setTimeout(() => (popping = false))
}, { capture: true })

/** While it is open, going back closes it. Call it in a component's setup. */
export function useBack(open: () => boolean, close: () => void, addressed = false): void {
	const layer = { close, addressed }
	const leave = () => void (layers.includes(layer) && layers.splice(layers.indexOf(layer), 1))
	watch(open, (now) => (now ? layers.push(layer) : leave()), { immediate: true })
	onBeforeUnmount(leave)
}

/** Asked on each way from page to page: true, if it went back and something was closed instead. */
export function closedInstead(samePage: boolean): boolean {
	const top = layers.at(-1)
	if (!popping || !top || (samePage && top.addressed)) return false
	top.close()
	return true
}
