/* Letters that work while no field has the focus: "/" searches, "n" makes new. */
import { onBeforeUnmount, onMounted } from 'vue'

type Handlers = Partial<Record<string, () => void>>

const typing = (element: EventTarget | null) => element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName))

export function useShortcuts(handlers: () => Handlers): void {
	function key(event: KeyboardEvent): void {
		if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return
		if (document.querySelector('[role="dialog"][data-state="open"]:not(.drawer)')) return
		const run = handlers()[event.key.toLowerCase()]
		if (!run) return
		event.preventDefault()
		run()
	}
	onMounted(() => window.addEventListener('keydown', key))
	onBeforeUnmount(() => window.removeEventListener('keydown', key))
}

export const useShortcutTarget = (search: () => void) => useShortcuts(() => ({ '/': search }))
