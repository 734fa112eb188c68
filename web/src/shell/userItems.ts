/* What the menu of a person offers; loaded when somebody is about to open it. */
import { Download, KeyRound, LogOut, Monitor, Moon, Sun, UserX } from '@lucide/vue'
import type { Router } from 'vue-router'
import { lang } from '@/i18n/i18n'
import { install, leaving } from '@/offline/state'
import { chooseLang, markAbsent, session } from '@/session/session'
import { toastError } from '@/ui/toast'
import type { MenuItem } from '@/ui/UiMenu.vue'
import { t } from './text'
import { setTheme, theme, type Theme } from './theme'

const themeItem = (value: Theme, icon: MenuItem['icon']): MenuItem => ({
	label: t(value),
	icon,
	checked: theme.value === value,
	run: () => setTheme(value),
})

export const userItems = (router: Router): MenuItem[] => [
	{ label: t('theme') },
	themeItem('light', Sun),
	themeItem('dark', Moon),
	themeItem('system', Monitor),
	{ label: t('language') },
	{ label: '中文', checked: lang.value === 'zh', run: () => chooseLang('zh') },
	{ label: 'English', checked: lang.value === 'en', run: () => chooseLang('en') },
	{ label: session.boot?.user.login ?? '' },
	{ label: t('absent'), icon: UserX, checked: session.boot?.absent, run: () => void markAbsent(!session.boot?.absent).catch(toastError) },
	...(install.value ? [{ label: t('install'), icon: Download, run: install.value }] : []),
	{ label: t('changePassword'), icon: KeyRound, run: () => void router.push('/password') },
	{ label: t('signOut'), icon: LogOut, run: () => void (leaving.value = true) },
]
