/* What is typed into the editor of a field outlives a closed tab: kept while the editor is open, dropped when it is saved or given up. */
import { effectScope, onBeforeUnmount, type EffectScope } from 'vue'
import { hasDraft, useDraft } from '@/lead/draft'

/** What was typed, and the value it was typed upon. */
export interface Edit {
	value: unknown
	base: unknown
}

/** Without a purpose nothing is kept. */
export function useKeptEdit(purpose: string | undefined) {
	let scope: EffectScope | undefined
	let kept: ReturnType<typeof useDraft<Edit>> | undefined

	/** The editor opens upon this value: tells what to show in it. */
	function open(value: unknown): Edit {
		const fresh = { value: value ?? null, base: value ?? null }
		if (!purpose) return fresh
		close()
		scope = effectScope(true)
		kept = scope.run(() => useDraft<Edit>(purpose, fresh))
		return { ...fresh, ...kept?.draft }
	}
	function type(value: unknown): void {
		if (kept) kept.draft.value = value
	}
	/** Closed without a word of the person: what was typed stays kept. */
	function close(): void {
		kept?.save()
		scope?.stop()
		kept = scope = undefined
	}
	/** Saved or given up. */
	function drop(): void {
		kept?.clear()
		close()
	}
	onBeforeUnmount(close)
	return { open, type, close, drop, waits: () => Boolean(purpose) && hasDraft(purpose!) }
}
