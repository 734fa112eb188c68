import { defineText, lang, lookup } from '@/i18n/i18n'
import type { Tone } from '@/ui/UiChip.vue'
import type { ReceiptState } from '../api'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }

export const STATES: readonly ReceiptState[] = ['quarantined', 'pending', 'taken', 'duplicate']
export const STATE_TONE: Record<ReceiptState, Tone> = { taken: 'green', duplicate: 'neutral', quarantined: 'red', pending: 'blue' }
export const REASONS = [
	'bad_json', 'bad_form', 'bad_multipart', 'not_an_object', 'wrong_type', 'too_large', 'unknown_source', 'source_disabled', 'origin_not_allowed', 'suspected_bot', 'empty', 'bad_phone', 'bad_email',
	'no_secret', 'secret_unreadable', 'bad_signature', 'bad_timestamp', 'wrong_receiver', 'bad_padding', 'bad_message', 'bad_time', 'unknown_owner', 'mixed_encoding',
] as const

const BRACES = { brace: '{', close: '}' }
/** The stable word of the server in plain words. */
export const reasonWords = (reason: string | null) => (reason ? (lookup(known, `r_${reason}`) ?? t('r_other')) : '')
export const reasonAdvice = (reason: string | null) => (reason ? (lookup(known, `d_${reason}`, BRACES) ?? t('d_other')) : '')
/** A receipt keeps why in both languages, "中文 / English". */
export function detailWords(detail: string): string {
	const [chinese = '', english, ...more] = detail.split(' / ')
	if (!english || more.length > 0 || !/\p{Script=Han}/u.test(chinese)) return detail
	return lang.value === 'zh' ? chinese : english.charAt(0).toUpperCase() + english.slice(1)
}
/** What the server notes of a request, in words where there are some. */
export const headerName = (name: string) => lookup(known, `h_${name}`) ?? name
export const actWords = (act: string) => lookup(known, `act_${act}`) ?? act
