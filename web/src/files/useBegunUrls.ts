/* Where files that wait for their contact can be looked at: read from the device once each, let go with the component. */
import { onScopeDispose, shallowReactive } from 'vue'
import type { Id } from '@/api/types'
import type { FileDraft } from '@/offline/draft'
import { fileOf } from '@/offline/files'

export function useBegunUrls() {
	const urls = shallowReactive(new Map<Id, string>())
	const asked = new Set<Id>()
	let over = false

	async function read(draft: FileDraft): Promise<void> {
		const content = await fileOf(draft).catch(() => undefined)
		if (content && !over) urls.set(draft.id, URL.createObjectURL(content))
	}

	/** Undefined: it is being read, or the browser has cleared it. */
	function urlOf(draft: FileDraft): string | undefined {
		if (!asked.has(draft.id)) {
			asked.add(draft.id)
			void read(draft)
		}
		return urls.get(draft.id)
	}

	onScopeDispose(() => {
		over = true
		urls.forEach((url) => URL.revokeObjectURL(url))
	})
	return { urlOf }
}
