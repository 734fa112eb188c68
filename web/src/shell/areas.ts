/* All areas, in the order of the navigation. */
import { adminArea } from '@/admin'
import { dayArea } from '@/day'
import { deskArea } from '@/desk'
import { leadsArea } from '@/leads'
import { recordsArea } from '@/records'
import { may } from '@/session/session'
import type { Area, NavItem } from './area'

const areas: Area[] = [deskArea, leadsArea, recordsArea, dayArea, adminArea]

export const routes = areas.flatMap((area) => area.routes)

export function visibleNav(): NavItem[] {
	return areas.flatMap((area) => area.nav).filter((item) => !item.right || may(item.right))
}
