import { defineText, lookup } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }

/** Words for a key made of a prefix and a code; the code itself when there are none. */
export const word = (prefix: string, code: string) => lookup(known, prefix + code) ?? code
