import { defineText } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
