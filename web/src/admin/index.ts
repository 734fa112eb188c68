/* Administration: supervisor board, intake, settings, the living procedure. */
import type { Area } from '@/shell/area'

export const adminArea: Area = { nav: [], routes: [] }
