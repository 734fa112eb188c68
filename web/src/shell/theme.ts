/* Light, dark, or as the system says. */
import { ref, watchEffect } from 'vue'

export type Theme = 'light' | 'dark' | 'system'

const STORE = 'tenon.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

export const theme = ref<Theme>((localStorage.getItem(STORE) as Theme | null) ?? 'system')
const systemDark = ref(dark.matches)
dark.addEventListener('change', () => (systemDark.value = dark.matches))

watchEffect(() => {
	const isDark = theme.value === 'dark' || (theme.value === 'system' && systemDark.value)
	document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
})

export function setTheme(next: Theme): void {
	theme.value = next
	localStorage.setItem(STORE, next)
}
