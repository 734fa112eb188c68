/* Words of the screen in Chinese and English. Each area keeps its own zh.ts and en.ts and makes a typed t() of them with
 * defineText(); a key that is missing in one language does not compile. */
import { ref } from 'vue'

export type Lang = 'zh' | 'en'
export type Params = Record<string, string | number>

const STORE = 'tenon.lang'

function firstLang(): Lang {
	const kept = localStorage.getItem(STORE)
	if (kept === 'zh' || kept === 'en') return kept
	return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh'
}

export const lang = ref<Lang>(firstLang())
document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en'

export function setLang(next: Lang): void {
	lang.value = next
	localStorage.setItem(STORE, next)
	document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en'
}

/** Fills "{name}" with a parameter and "{n?lead:leads}" with the first word when n is 1, else the second. */
export function fill(text: string, params?: Params): string {
	if (!params) return text
	return text.replace(/\{(\w+)(?:\?([^:}]*):([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
		const value = params[name]
		if (value === undefined) return whole
		if (one !== undefined) return (Number(value) === 1 ? one : many) ?? ''
		return String(value)
	})
}

export function defineText<K extends string>(zh: Record<K, string>, en: Record<NoInfer<K>, string>) {
	return (key: K, params?: Params): string => fill((lang.value === 'zh' ? zh : en)[key], params)
}

/** For keys that come from the server: the words if there are any, else undefined. */
export function lookup(text: { zh: Record<string, string>; en: Record<string, string> }, key: string, params?: Params) {
	const found = text[lang.value][key]
	return found === undefined ? undefined : fill(found, params)
}

/** The name of a thing that carries both languages (catalogue objects, fields and choices). */
export function named(thing: { zh?: string; en?: string; name?: string; value?: string } | undefined): string {
	if (!thing) return ''
	return (lang.value === 'zh' ? thing.zh : thing.en) || thing.zh || thing.en || thing.name || thing.value || ''
}
