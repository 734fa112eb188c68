/* Short messages at the lower edge. An act that can be undone says so here instead of asking before. */
import { shallowReactive } from 'vue'
import { Problem } from '@/api/http'
import { text } from '@/api/text'
import { undoChange } from '@/api/records'
import { t } from './text'

export interface ToastAction {
	label: string
	run: () => void | Promise<void>
}

export interface Toast {
	id: number
	tone: 'plain' | 'ok' | 'error' | 'alert'
	title: string
	detail?: string
	action?: ToastAction
}

const UNDO_MS = 6000
const ERROR_MS = 12_000

export const toasts = shallowReactive<Toast[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()
let last = 0

export function dismiss(id: number): void {
	clearTimeout(timers.get(id))
	timers.delete(id)
	const at = toasts.findIndex((toast) => toast.id === id)
	if (at >= 0) toasts.splice(at, 1)
}

/** Time stands still while the pointer or the focus is on a toast. */
export function hold(id: number): void {
	clearTimeout(timers.get(id))
}

export function release(id: number, ms = UNDO_MS): void {
	clearTimeout(timers.get(id))
	timers.set(id, setTimeout(() => dismiss(id), ms))
}

export function toast(title: string, more: Partial<Omit<Toast, 'id' | 'title'>> = {}): number {
	const entry: Toast = { id: ++last, tone: 'plain', title, ...more }
	// What is said again is not there twice.
	if (!entry.action) toasts.filter((one) => !one.action && one.title === title && one.tone === entry.tone && one.detail === entry.detail).forEach(({ id }) => dismiss(id))
	toasts.push(entry)
	if (toasts.length > 4) dismiss(toasts[0]!.id)
	release(entry.id, entry.tone === 'error' || entry.tone === 'alert' ? ERROR_MS : UNDO_MS)
	return entry.id
}

/** The server's own sentence, and a way on. */
export function toastError(error: unknown, retry?: () => void | Promise<void>): void {
	if (error instanceof DOMException && error.name === 'AbortError') return
	const detail = error instanceof Problem ? error.detail : text('unknown')
	if (!(error instanceof Problem)) console.error(error)
	toast(detail, { tone: 'error', action: retry && { label: t('retry'), run: retry } })
}

/** Says what was done and offers to take it back: the change is undone on the server, then the screen loads again. */
export function toastUndo(title: string, change: string | null | undefined, after: () => void | Promise<void>): void {
	if (!change) {
		toast(title, { tone: 'ok' })
		return
	}
	const undo = async () => {
		try {
			await undoChange(change)
			toast(t('undone'), { tone: 'ok' })
			await after()
		} catch (error) {
			toastError(error, undo)
		}
	}
	toast(title, { tone: 'ok', action: { label: t('undo'), run: undo } })
}
