import { defineText, lookup, type Params } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)

const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }

export const coded = (prefix: string, code: string, params?: Params) => lookup(known, prefix + code, params)
