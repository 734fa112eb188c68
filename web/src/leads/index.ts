import { Funnel } from '@lucide/vue'
import type { Area } from '@/shell/area'
import { t } from '@/shell/text'

export const leadsArea: Area = {
	nav: [{ to: '/leads', label: () => t('leads'), icon: Funnel, group: 'sales', right: 'record.read', phone: true }],
	routes: [
		{ path: 'leads', component: () => import('./LeadsPage.vue'), meta: { title: () => t('leads'), right: 'record.read' } },
		{ path: 'leads/:id', component: () => import('./LeadPage.vue'), props: true, meta: { title: () => t('leads'), right: 'record.read' } },
	],
}
