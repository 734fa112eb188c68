import { defineText } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

export const text = defineText(zh, en)
