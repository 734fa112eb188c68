/* The names of what comes in with a lead, for whoever says which column or which part of a body is what. */
import { lang } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

const known: Record<string, Record<string, string>> = { zh, en: en satisfies Record<keyof typeof zh, string> }

export type CaptureField = keyof typeof zh
/** The field itself where it has no name. */
export const fieldName = (field: string): string => known[lang.value]?.[field] ?? field
