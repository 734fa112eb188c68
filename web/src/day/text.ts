import { defineText } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

/** Names of the pages: the navigation has them from the start, the other words come with the pages. */
export const t = defineText(zh, en)
