/* A form of the settings that was closed - by Escape, by the way back, by a reload - is there again when it is opened again. Secrets stay in
 * the page: they are never written to the device. */
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import { me, session } from '@/session/session'
import { copied, movedOn, putBack, typed, understood, unpacked, type Kept, type Values } from './kept'

/** The beginning is that of all texts that were begun: signing out takes them away together. */
const keyOf = (purpose: string) => `tenon.draft.${me().id}.settings.${purpose}`

export interface Form {
	/** Names the form and what it is about: `channel.new`, `team.<id>`. */
	purpose: string
	now: () => Values
	put: (values: Values) => void
	/** False for what must not be written to the device. */
	may?: (name: string) => boolean
	/** Of a record: the version that the form stands upon. */
	version?: () => number | undefined
}

export function useKeptForm({ purpose, now, put, may = () => true, version }: Form) {
	const key = keyOf(purpose)
	const restored = ref(false)
	/** Fields put back that somebody else changed meanwhile. */
	const stale = ref<string[]>([])
	/** What the form shows when nothing was kept, and what its changes are measured by. */
	let fresh: Values = {}
	const began = shallowRef<Values | null>(null)
	let upon: number | undefined

	function save(): void {
		if (!began.value || !session.boot) return
		const fields = typed(now(), began.value, may)
		if (Object.keys(fields).length === 0) localStorage.removeItem(key)
		else localStorage.setItem(key, JSON.stringify({ fields, version: upon } satisfies Kept))
	}

	function drop(): void {
		localStorage.removeItem(key)
		restored.value = false
		stale.value = []
		upon = version?.()
	}

	/** The form stands as it begins: puts back what was typed before, and tells upon what. */
	function begin(): Kept | null {
		fresh = copied(now())
		began.value = fresh
		upon = version?.()
		const kept = understood(localStorage.getItem(key))
		const values = kept ? putBack(kept, fresh) : {}
		const names = Object.keys(values)
		if (!kept || names.length === 0) return null
		stale.value = movedOn(kept, fresh, names)
		if (stale.value.length > 0) {
			began.value = { ...fresh, ...Object.fromEntries(stale.value.map((name) => [name, unpacked(kept.fields[name]!.was)])) }
			upon = kept.version ?? upon
		}
		restored.value = true
		put(values)
		return kept
	}

	/** Saved: what stands in the form now is its beginning. */
	function clear(): void {
		drop()
		fresh = copied(now())
		began.value = fresh
	}

	/** Given up: the form is as if nothing had been typed. */
	function discard(): void {
		drop()
		began.value = fresh
		put({ ...Object.fromEntries(Object.keys(now()).map((name) => [name, null])), ...copied(fresh) })
	}

	watch(() => JSON.stringify(began.value && typed(now(), began.value, may)), save)
	onBeforeUnmount(save)
	return { restored, stale, begin, clear, discard }
}
