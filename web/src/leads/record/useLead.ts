/* One lead on the screen. */
import type { Ref } from 'vue'
import { leadView } from '@/api/leads'
import type { Id, LeadView } from '@/api/types'
import { useRecord } from '@/fields/useRecord'
import { leadTitle } from '@/lead/text'

export function useLead(id: Ref<Id>) {
	const { record: lead, ...rest } = useRecord<LeadView>(() => {
		const wanted = id.value
		return { object: 'lead', id: wanted, kept: `lead/${wanted}`, ask: () => leadView(wanted), title: leadTitle }
	})
	return { lead, ...rest }
}
