/* The words of an alert, by its reason. The data of an alert names the people and the lead it is about. */
import { lang, lookup, type Params } from '@/i18n/i18n'
import type { Alert } from '@/api/types'
import en from './en'
import zh from './zh'

function params(alert: Alert): Params {
	const found: Params = { n: alert.count }
	for (const [key, value] of Object.entries(alert.data ?? {})) {
		if (typeof value === 'string' || typeof value === 'number') found[key] = value
	}
	const said = alert.data?.[lang.value] // a sentence of the server in both languages
	if (typeof said === 'string') found.said = said
	return found
}

export function alertTitle(alert: Alert): string {
	const words = { zh: zh as Record<string, string>, en: en as Record<string, string> }
	const many = alert.count > 1 ? lookup(words, `${alert.reason}.many`, params(alert)) : undefined
	return many ?? lookup(words, alert.reason, params(alert)) ?? lookup(words, 'other', { reason: alert.reason })!
}

/** Who or what it is about, from whatever the data offers. */
export function alertDetail(alert: Alert): string {
	const { company, name, person, owner_name, detail } = alert.data ?? {}
	const said = alert.reason === 'channel.down' ? alert.data?.[lang.value] : undefined // elsewhere it stands in the title
	return [company, name, person ?? owner_name, said ?? detail].filter((part) => typeof part === 'string' && part).join(' · ')
}
