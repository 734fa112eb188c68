/* Administration: supervisor board, intake, settings, the living procedure, the first-run wizard. */
import { BellRing, BookOpenText, CalendarClock, FileUp, HeartPulse, Inbox, KeyRound, Layers, MapPinned, MonitorDot, PlugZap, QrCode, Radio, Send, Users, Waypoints } from '@lucide/vue'
import type { RouteRecordRaw } from 'vue-router'
import type { Area } from '@/shell/area'
import { t } from './text'

type Load = RouteRecordRaw['component']
const page = (path: string, component: Load, title: () => string, right?: string, name?: string): RouteRecordRaw =>
	({ path, component, name, meta: { title, right } }) as RouteRecordRaw

export const adminArea: Area = {
	nav: [
		{ to: '/board', label: () => t('board'), icon: MonitorDot, group: 'manage', right: 'board.read', keywords: 'zhuguankanban zgkb kanban', phone: true },
		{ to: '/intake', label: () => t('intake'), icon: Inbox, group: 'manage', right: 'intake.read', keywords: 'jinjian jj huizhi geliqu', phone: true },
		{ to: '/import', label: () => t('import'), icon: FileUp, group: 'manage', right: 'lead.assign', keywords: 'daoru dr excel csv xlsx' },
		{ to: '/procedure', label: () => t('procedure'), icon: BookOpenText, group: 'manage', keywords: 'fenpeiguicheng fpgc' },
		{ to: '/settings/policy', label: () => t('policy'), icon: Waypoints, group: 'settings', right: 'settings.manage', keywords: 'fenpeicelue fpcl' },
		{ to: '/settings/sources', label: () => t('sources'), icon: Radio, group: 'settings', right: 'settings.manage', keywords: 'laiyuan ly' },
		{ to: '/settings/codes', label: () => t('codes'), icon: QrCode, group: 'settings', right: 'settings.manage', keywords: 'erweima ewm zhanhui qr' },
		{ to: '/settings/pools', label: () => t('pools'), icon: Layers, group: 'settings', right: 'settings.manage', keywords: 'xiansuochi gonghai xsc gh' },
		{ to: '/settings/people', label: () => t('people'), icon: Users, group: 'settings', right: 'people.manage', keywords: 'renyuan bumen ry bm' },
		{ to: '/settings/calendars', label: () => t('calendars'), icon: CalendarClock, group: 'settings', right: 'settings.manage', keywords: 'gongzuoshijian gzsj rili' },
		{ to: '/settings/territories', label: () => t('territories'), icon: MapPinned, group: 'settings', right: 'settings.manage', keywords: 'quyu jineng qy jn' },
		{ to: '/settings/channels', label: () => t('channels'), icon: Send, group: 'settings', right: 'settings.manage', keywords: 'xiaoxiqudao xxqd jiqiren youjian webhook' },
		{ to: '/settings/services', label: () => t('services'), icon: PlugZap, group: 'settings', right: 'settings.manage', keywords: 'waibufuwu wbfw sla daoqi tance' },
		{ to: '/settings/my-channels', label: () => t('myChannels'), icon: BellRing, group: 'settings', keywords: 'wodequdao wdqd miandarao tixing' },
		{ to: '/settings/care', label: () => t('care'), icon: HeartPulse, group: 'settings', right: 'system.manage', keywords: 'beifen tijian bf tj backup' },
		{ to: '/settings/access', label: () => t('access'), icon: KeyRound, group: 'settings', keywords: 'miyao denglu my api' },
	],
	routes: [
		page('board', () => import('./board/BoardPage.vue'), () => t('board'), 'board.read'),
		page('intake', () => import('./intake/IntakePage.vue'), () => t('intake'), 'intake.read'),
		page('import', () => import('./import/ImportPage.vue'), () => t('import'), 'lead.assign'),
		page('procedure', () => import('./policy/ProcedurePage.vue'), () => t('procedure'), undefined, 'procedure'),
		page('settings/policy', () => import('./policy/PolicyPage.vue'), () => t('policy'), 'settings.manage'),
		page('settings/sources', () => import('./settings/SourcesPage.vue'), () => t('sources'), 'settings.manage'),
		page('settings/codes', () => import('./settings/CodesPage.vue'), () => t('codes'), 'settings.manage'),
		page('settings/pools', () => import('./settings/PoolsPage.vue'), () => t('pools'), 'settings.manage'),
		page('settings/people', () => import('./settings/PeoplePage.vue'), () => t('people'), 'people.manage'),
		page('settings/calendars', () => import('./settings/CalendarsPage.vue'), () => t('calendars'), 'settings.manage'),
		page('settings/territories', () => import('./settings/PlacesPage.vue'), () => t('territories'), 'settings.manage'),
		page('settings/channels', () => import('./channels/ChannelsPage.vue'), () => t('channels'), 'settings.manage'),
		page('settings/services', () => import('./services/ServicesPage.vue'), () => t('services'), 'settings.manage'),
		page('settings/my-channels', () => import('./channels/MyChannelsPage.vue'), () => t('myChannels')),
		page('settings/care', () => import('./care/CarePage.vue'), () => t('care'), 'system.manage'),
		page('settings/access', () => import('./settings/AccessPage.vue'), () => t('access')),
		page('setup', () => import('./setup/SetupPage.vue'), () => t('setup'), 'settings.manage', 'setup'),
	],
}
