/* Time zones for a select: the browser's list, with those of a Chinese house first. */
import type { Option } from '@/ui/UiSelect.vue'

const FIRST = ['Asia/Shanghai', 'Asia/Urumqi', 'Asia/Hong_Kong', 'Asia/Taipei', 'Asia/Singapore', 'Asia/Tokyo', 'Europe/London', 'Europe/Berlin', 'America/New_York', 'America/Los_Angeles']
let known: Option[] | undefined

export function zones(): Option[] {
	known ??= [...new Set([...FIRST, ...(Intl.supportedValuesOf?.('timeZone') ?? [])])].map((zone) => ({ value: zone, label: zone.replace(/_/g, ' ') }))
	return known
}
