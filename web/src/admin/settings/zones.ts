/* Time zones for a select: the browser's list, with those of a Chinese house first. */
import { lang } from '@/i18n/i18n'
import type { Option } from '@/ui/UiSelect.vue'

const FIRST = ['Asia/Shanghai', 'Asia/Urumqi', 'Asia/Hong_Kong', 'Asia/Taipei', 'Asia/Singapore', 'Asia/Tokyo', 'Europe/London', 'Europe/Berlin', 'America/New_York', 'America/Los_Angeles']
let known: Option[] | undefined
let knownIn = ''

/** 中国标准时间 · Asia/Shanghai, for the first ones: many hundred names take their time. */
export function zoneName(zone: string): string {
	const id = zone.replace(/_/g, ' ')
	if (!FIRST.includes(zone)) return id
	const name = new Intl.DateTimeFormat(lang.value, { timeZone: zone, timeZoneName: 'long' }).formatToParts(0).find((part) => part.type === 'timeZoneName')?.value
	return name ? `${name} · ${id}` : id
}

export function zones(): Option[] {
	if (knownIn !== lang.value) known = undefined
	knownIn = lang.value
	known ??= [...new Set([...FIRST, ...(Intl.supportedValuesOf?.('timeZone') ?? [])])].map((zone) => ({ value: zone, label: zoneName(zone) }))
	return known
}
