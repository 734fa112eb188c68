/* What may be chosen, and what of a lead is on its way: the queue (offline/) keeps it, sends it and tries again. */
import { computed, type ComputedRef } from 'vue'
import { FILE_BYTES_MAX } from '@/api/files'
import type { Id } from '@/api/types'
import { isFile, type Chosen, type FileDraft } from '@/offline/draft'
import { unsent } from '@/offline/state'
import { size } from '@/ui/size'
import { toast } from '@/ui/toast'
import { t } from './text'

export const uploadsOf = (lead: () => Id): ComputedRef<FileDraft[]> => computed(() => unsent.value.filter(isFile).filter((draft) => draft.record === lead()))

/** False: it is too large for the server, which was said. */
export function mayGo({ blob, name }: Chosen): boolean {
	if (blob.size <= FILE_BYTES_MAX) return true
	toast(t('tooLarge', { name, size: size(blob.size) }), { tone: 'error' })
	return false
}
