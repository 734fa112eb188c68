/* Administration: supervisor board, intake, settings, the living procedure, the first-run wizard. */
import { BellRing, BookOpenText, CalendarClock, FileUp, HeartPulse, Inbox, KeyRound, Layers, MapPinned, MonitorDot, PlugZap, Radio, ScanLine, Send, Users, Waypoints } from '@lucide/vue'
import type { RouteRecordRaw } from 'vue-router'
import type { Area, NavItem } from '@/shell/area'
import { t } from './text'

type Load = RouteRecordRaw['component']

/* Path, its word in `text`, icon, page, and the right one needs: '' is everybody's. */
const pages: [path: string, title: Parameters<typeof t>[0], icon: NavItem['icon'], page: Load, right: string][] = [
	['board', 'board', MonitorDot, () => import('./board/BoardPage.vue'), 'board.read'],
	['intake', 'intake', Inbox, () => import('./intake/IntakePage.vue'), 'intake.read'],
	['import', 'import', FileUp, () => import('./import/ImportPage.vue'), 'lead.assign'],
	['procedure', 'procedure', BookOpenText, () => import('./policy/ProcedurePage.vue'), ''],
	['settings/policy', 'policy', Waypoints, () => import('./policy/PolicyPage.vue'), 'settings.manage'],
	['settings/sources', 'sources', Radio, () => import('./settings/SourcesPage.vue'), 'settings.manage'],
	['settings/codes', 'codes', ScanLine, () => import('./settings/CodesPage.vue'), 'settings.manage'],
	['settings/pools', 'pools', Layers, () => import('./settings/PoolsPage.vue'), 'settings.manage'],
	['settings/people', 'people', Users, () => import('./settings/PeoplePage.vue'), 'people.manage'],
	['settings/calendars', 'calendars', CalendarClock, () => import('./settings/CalendarsPage.vue'), 'settings.manage'],
	['settings/territories', 'territories', MapPinned, () => import('./settings/PlacesPage.vue'), 'settings.manage'],
	['settings/channels', 'channels', Send, () => import('./channels/ChannelsPage.vue'), 'settings.manage'],
	['settings/services', 'services', PlugZap, () => import('./services/ServicesPage.vue'), 'settings.manage'],
	['settings/my-channels', 'myChannels', BellRing, () => import('./channels/MyChannelsPage.vue'), ''],
	['settings/care', 'care', HeartPulse, () => import('./care/CarePage.vue'), 'system.manage'],
	['settings/access', 'access', KeyRound, () => import('./settings/AccessPage.vue'), ''],
]

const needed = (right: string) => right || undefined

export const adminArea: Area = {
	nav: pages.map(([path, title, icon, , right]) => ({
		to: `/${path}`,
		label: () => t(title),
		icon,
		group: path.startsWith('settings/') ? 'settings' : 'manage',
		right: needed(right),
		phone: path === 'board' || path === 'intake',
	})),
	routes: [
		...pages.map(([path, title, , component, right]) => ({ path, component, name: path === 'procedure' ? path : undefined, meta: { title: () => t(title), right: needed(right) } }) as RouteRecordRaw),
		{ path: 'setup', name: 'setup', component: () => import('./setup/SetupPage.vue'), meta: { title: () => t('setup'), right: 'settings.manage' } },
	],
}
