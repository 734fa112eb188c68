/* The map of screens. Everything but signing in needs a session. */
import { watch, watchEffect } from 'vue'
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { loadSession, may, session } from '@/session/session'
import { unread } from '@/alerts/alerts'
import { closedInstead } from '@/ui/back'
import { routes } from './areas'
import { t } from './text'

export const router = createRouter({
	history: createWebHistory(),
	routes: [
		{ path: '/sign-in', component: () => import('@/session/SignInPage.vue'), meta: { open: true, title: () => t('signIn') } },
		{ path: '/password', component: () => import('@/session/PasswordPage.vue'), meta: { title: () => t('password') } },
		{ path: '/release/:token', component: () => import('@/release/ReleasePage.vue'), meta: { title: () => t('release') } },
		{
			path: '/',
			component: () => import('./ShellFrame.vue'),
			children: [
				...routes,
				{ path: '/:rest(.*)*', component: () => import('./LostPage.vue'), meta: { title: () => t('lost') } },
			],
		},
	],
})

async function guard(to: RouteLocationNormalized) {
	if (to.meta.open) return true
	let signedIn: boolean
	try {
		signedIn = await loadSession()
	} catch {
		// No answer from the server: the sign-in page says so and tries again.
		signedIn = false
	}
	if (!signedIn) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
	if (session.mustChange && to.path !== '/password') return { path: '/password' }
	// The first-run wizard, where there is one, comes before the desk.
	if (to.path === '/' && !session.boot?.setup_done && may('settings.manage') && router.hasRoute('setup')) return { name: 'setup' }
	if (to.meta.right && !may(to.meta.right)) return { path: '/' }
	return true
}

router.beforeEach((to, from) => !closedInstead(to.path === from.path))
router.beforeEach(guard)

// Rights can be taken away while somebody looks: the page that needs them goes.
watch(() => session.boot, (boot) => {
	const { right } = router.currentRoute.value.meta
	if (boot && right && !may(right)) void router.replace('/')
})

// A new release replaced the hashed files while this tab was open: load the page anew instead of failing.
router.onError((error: Error, to) => {
	if (/dynamically imported module|module script failed/i.test(error.message)) location.assign(to.fullPath)
})

watchEffect(() => {
	const title = router.currentRoute.value.meta.title?.()
	const count = unread.value > 0 && session.boot ? `(${unread.value}) ` : ''
	document.title = `${count}${title ? `${title} · ` : ''}${session.boot?.company || 'Tenon'}`
})
