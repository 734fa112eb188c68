import { Building2, Handshake, ListChecks, MessageSquareText, Users } from '@lucide/vue'
import type { Area, NavItem } from '@/shell/area'
import { t } from '@/shell/text'

const item = (object: 'account' | 'contact' | 'opportunity' | 'activity' | 'task', icon: NavItem['icon']): NavItem => ({
	to: `/records/${object}`,
	label: () => t(object),
	icon,
	group: 'sales',
	right: 'record.read',
})

export const recordsArea: Area = {
	nav: [
		{ ...item('account', Building2), phone: true },
		item('contact', Users),
		item('opportunity', Handshake),
		item('activity', MessageSquareText),
		{ ...item('task', ListChecks), phone: true },
	],
	routes: [
		{ path: 'records/:object', component: () => import('./RecordsPage.vue'), props: true, meta: { right: 'record.read' } },
		{ path: 'records/:object/:id', component: () => import('./RecordPage.vue'), props: true, meta: { right: 'record.read' } },
	],
}
