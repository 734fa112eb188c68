/* Dates, durations and telephone numbers as people read them. */
import { serverNow } from '@/live/clock'
import { lang } from './i18n'

const DAY = 86_400_000

function pad(n: number): string {
	return String(n).padStart(2, '0')
}

function startOfDay(ms: number): number {
	return new Date(ms).setHours(0, 0, 0, 0)
}

/** Whole days between two moments as the calendar counts them. */
export function dayDistance(ms: number, now = serverNow()): number {
	return Math.round((startOfDay(ms) - startOfDay(now)) / DAY)
}

const NEAR: Record<'zh' | 'en', Record<number, string>> = {
	zh: { [-1]: '昨天', 0: '今天', 1: '明天', 2: '后天' },
	en: { [-1]: 'yesterday', 0: 'today', 1: 'tomorrow' },
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/** 12-05, 今天, or 2025-12-05 for another year; in English, where 12-05 is May to some, 5 Dec and 5 Dec 2025. */
export function date(iso: string | null | undefined): string {
	if (!iso) return ''
	const at = new Date(iso)
	const near = NEAR[lang.value][dayDistance(at.getTime())]
	if (near) return near
	const thisYear = at.getFullYear() === new Date(serverNow()).getFullYear()
	if (lang.value === 'en') return `${at.getDate()} ${MONTHS.slice(3 * at.getMonth(), 3 * at.getMonth() + 3)}${thisYear ? '' : ` ${at.getFullYear()}`}`
	const short = `${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
	return thisYear ? short : `${at.getFullYear()}-${short}`
}

export function time(iso: string | null | undefined): string {
	if (!iso) return ''
	const at = new Date(iso)
	return `${pad(at.getHours())}:${pad(at.getMinutes())}`
}

export function dateTime(iso: string | null | undefined): string {
	return iso ? `${date(iso)} ${time(iso)}` : ''
}

/** The whole moment, for a title attribute. */
export function exact(iso: string | null | undefined): string {
	if (!iso) return ''
	const at = new Date(iso)
	return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`
}

/** 4:59, 1:04:59. Never negative. */
export function clock(ms: number): string {
	const all = Math.max(0, Math.ceil(ms / 1000))
	const hours = Math.floor(all / 3600)
	const rest = `${pad(Math.floor((all % 3600) / 60))}:${pad(all % 60)}`
	return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, '')
}

const UNITS: Record<'zh' | 'en', [number, string][]> = {
	zh: [
		[DAY, ' 天'],
		[3_600_000, ' 小时'],
		[60_000, ' 分钟'],
		[1000, ' 秒'],
	],
	en: [
		[DAY, ' d'],
		[3_600_000, ' h'],
		[60_000, ' min'],
		[1000, ' s'],
	],
}

/** One unit is enough: "3 小时", "12 min". */
export function duration(ms: number): string {
	const size = Math.abs(ms)
	const units = UNITS[lang.value]
	const [unit, word] = units.find(([u]) => size >= u) ?? units[units.length - 1]!
	return `${Math.floor(size / unit)}${word}`
}

export function ago(iso: string | null | undefined, now = serverNow()): string {
	if (!iso) return ''
	const passed = now - Date.parse(iso)
	if (passed < 5000) return lang.value === 'zh' ? '刚刚' : 'just now'
	return lang.value === 'zh' ? `${duration(passed)}前` : `${duration(passed)} ago`
}

/** 138 0013 8000 for mainland mobiles, the text as it is for everything else. */
export function phone(value: string | null | undefined): string {
	if (!value) return ''
	const mobile = /^(?:\+86)?(1\d{2})(\d{4})(\d{4})$/.exec(value)
	return mobile ? `${mobile[1]} ${mobile[2]} ${mobile[3]}` : value
}
