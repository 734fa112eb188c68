import { defineText, lookup } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }
export const ruleWords = (rule: string) => lookup(known, `rule_${rule}`) ?? rule
