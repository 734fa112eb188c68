/* What an area of the application (desk, leads, administration ...) tells the shell about itself. Keep the file that exports
 * this light: pages are imported lazily by the routes. */
import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'

export interface NavItem {
	to: string
	label: () => string
	icon: Component
	/** Shown to whoever has this right; without it to everybody. */
	right?: string
	group: 'work' | 'sales' | 'manage' | 'settings'
	/** One of the bottom tabs on the phone (the first four that may be seen). */
	phone?: boolean
}

export interface Area {
	nav: NavItem[]
	routes: RouteRecordRaw[]
}

declare module 'vue-router' {
	interface RouteMeta {
		/** Title of the browser tab. */
		title?: () => string
		/** Who lacks this right is sent to the desk. */
		right?: string
		open?: boolean
	}
}
