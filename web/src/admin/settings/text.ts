import { defineText, lang, lookup } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }

/** Words for a key made of a prefix and a code; the code itself when there are none. */
export const word = (prefix: string, code: string) => lookup(known, prefix + code) ?? code
/** The business meaning of a setting, if one is written down. */
export const hint = (object: string, field: string) => lookup(known, `h_${object}_${field}`)
/** A、B or A, B. */
export const listed = (parts: readonly string[]) => parts.join(lang.value === 'zh' ? '、' : ', ')
