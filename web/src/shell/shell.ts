/* What screens may ask of the frame around them. */
import { inject, provide, type InjectionKey } from 'vue'

export interface Shell {
	openPalette: () => void
}

const KEY: InjectionKey<Shell> = Symbol('shell')

export const provideShell = (shell: Shell) => provide(KEY, shell)
export const useShell = (): Shell => inject(KEY, { openPalette: () => undefined })
