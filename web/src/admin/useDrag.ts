/* Dragging with mouse, pen or finger: a handle starts it, a ghost follows, whatever carries data-drop under the pointer receives it.
 * Everything that can be dragged can also be moved by keys; that is the caller's part. */
import { onScopeDispose, ref } from 'vue'

const START_PX = 5

export function useDrag(drop: (what: string, onto: string) => void) {
	const dragging = ref<string | null>(null)
	const over = ref<string | null>(null)
	let ghost: HTMLElement | undefined
	let stop: (() => void) | undefined

	const target = (x: number, y: number) => document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-drop]')?.dataset.drop ?? null

	function begin(source: HTMLElement, what: string): void {
		dragging.value = what
		ghost = source.cloneNode(true) as HTMLElement
		ghost.classList.add('drag-ghost')
		ghost.style.width = `${source.offsetWidth}px`
		ghost.setAttribute('aria-hidden', 'true')
		document.body.append(ghost)
		document.body.classList.add('dragging')
	}

	function end(): void {
		stop?.()
		stop = undefined
		ghost?.remove()
		ghost = undefined
		document.body.classList.remove('dragging')
		dragging.value = over.value = null
	}

	/** Call on pointerdown; `source` is what the ghost looks like. */
	function grab(event: PointerEvent, source: HTMLElement | null, what: string): void {
		if (event.button !== 0 || !source || (event.target as HTMLElement).closest('a, button:not([data-grip]), input, select')) return
		const { clientX, clientY, pointerId } = event
		const move = (e: PointerEvent) => {
			if (e.pointerId !== pointerId) return
			if (!ghost && Math.hypot(e.clientX - clientX, e.clientY - clientY) < START_PX) return
			if (!ghost) begin(source, what)
			e.preventDefault()
			ghost!.style.transform = `translate(${e.clientX + 8}px, ${e.clientY + 8}px)`
			over.value = target(e.clientX, e.clientY)
		}
		const up = (e: PointerEvent) => {
			const onto = ghost ? target(e.clientX, e.clientY) : null
			end()
			if (onto) drop(what, onto)
		}
		const key = (e: KeyboardEvent) => e.key === 'Escape' && end()
		const quiet = (e: Event) => ghost && e.preventDefault()
		window.addEventListener('pointermove', move)
		window.addEventListener('pointerup', up)
		window.addEventListener('pointercancel', end)
		window.addEventListener('keydown', key)
		window.addEventListener('selectstart', quiet)
		stop = () => {
			window.removeEventListener('pointermove', move)
			window.removeEventListener('pointerup', up)
			window.removeEventListener('pointercancel', end)
			window.removeEventListener('keydown', key)
			window.removeEventListener('selectstart', quiet)
		}
	}

	onScopeDispose(end)
	return { dragging, over, grab }
}
