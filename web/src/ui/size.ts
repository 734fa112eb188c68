/* Bytes for people: 1.5 MB. */
import { number } from '@/i18n/values'

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

export function size(bytes: number): string {
	let unit = 0
	let left = bytes
	while (left >= 1000 && unit < UNITS.length - 1) {
		left /= 1024
		unit++
	}
	return `${number(left < 10 && unit > 0 ? left.toFixed(1) : Math.round(left))} ${UNITS[unit]}`
}
