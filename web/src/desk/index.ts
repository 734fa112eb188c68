import { LayoutDashboard } from '@lucide/vue'
import type { Area } from '@/shell/area'
import { t } from '@/shell/text'

export const deskArea: Area = {
	nav: [{ to: '/', label: () => t('desk'), icon: LayoutDashboard, group: 'work', phone: true }],
	routes: [{ path: '', component: () => import('./DeskPage.vue'), meta: { title: () => t('desk') } }],
}
