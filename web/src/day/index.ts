/* The day of a team: the report of assignment, leads that returned to their pools. */
import { ClipboardList, FlaskConical, Waves } from '@lucide/vue'
import type { RouteRecordRaw } from 'vue-router'
import type { Area } from '@/shell/area'
import { t } from './text'

const page = (path: string, component: RouteRecordRaw['component'], title: () => string, right: string): RouteRecordRaw => ({ path, component, meta: { title, right } }) as RouteRecordRaw

export const dayArea: Area = {
	nav: [
		{ to: '/shelf', label: () => t('shelf'), icon: Waves, group: 'sales', right: 'lead.work' },
		{ to: '/reports/assignment', label: () => t('report'), icon: ClipboardList, group: 'manage', right: 'board.read' },
		{ to: '/drill', label: () => t('drill'), icon: FlaskConical, group: 'manage', right: 'board.read' },
	],
	routes: [
		page('shelf', () => import('./ShelfPage.vue'), () => t('shelf'), 'lead.work'),
		page('reports/assignment', () => import('./ReportPage.vue'), () => t('report'), 'board.read'),
		page('drill', () => import('./DrillPage.vue'), () => t('drill'), 'board.read'),
	],
}
