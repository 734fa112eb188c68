/* Which rows are ticked. */
import { shallowRef } from 'vue'
import type { Id } from '@/api/types'

export function useSelection() {
	const selected = shallowRef<ReadonlySet<Id>>(new Set())

	function toggle(id: Id, range: Id[] | null): void {
		const next = new Set(selected.value)
		if (range) range.forEach((one) => next.add(one))
		else if (!next.delete(id)) next.add(id)
		selected.value = next
	}

	const clear = () => {
		if (selected.value.size > 0) selected.value = new Set()
	}

	return { selected, toggle, clear }
}
