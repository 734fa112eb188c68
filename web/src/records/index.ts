import { Building2, Handshake, ListChecks, MessageSquareText, Users } from '@lucide/vue'
import type { Area, NavItem } from '@/shell/area'
import { t } from '@/shell/text'

const item = (object: 'account' | 'contact' | 'opportunity' | 'activity' | 'task', icon: NavItem['icon'], keywords: string): NavItem => ({
	to: `/records/${object}`,
	label: () => t(object),
	icon,
	group: 'sales',
	right: 'record.read',
	keywords,
})

export const recordsArea: Area = {
	nav: [
		{ ...item('account', Building2, 'kehu kh'), phone: true },
		item('contact', Users, 'lianxiren lxr'),
		item('opportunity', Handshake, 'shangji sj'),
		item('activity', MessageSquareText, 'genjin gj jilu'),
		{ ...item('task', ListChecks, 'renwu rw'), phone: true },
	],
	routes: [
		{ path: 'records/:object', component: () => import('./RecordsPage.vue'), props: true, meta: { right: 'record.read' } },
		{ path: 'records/:object/:id', component: () => import('./RecordPage.vue'), props: true, meta: { right: 'record.read' } },
	],
}
