import { defineText, lookup } from '@/i18n/i18n'
import type { Tone } from '@/ui/UiChip.vue'
import { fieldName, type CaptureField } from '../capture/text'
import type { ImportStep } from './api'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }

export const FIELDS = ['name', 'phone', 'email', 'company', 'province', 'city', 'district', 'message', 'code', 'at', 'owner', 'extra'] as const satisfies readonly (CaptureField | 'extra')[]
export const fieldWords = (field: string) => lookup(known, `f_${field || 'skip'}`) ?? fieldName(field)
export const reasonWords = (reason: string) => lookup(known, `r_${reason}`) ?? reason
export const stateWords = (state: ImportStep) => lookup(known, `s_${state}`) ?? state
export const STATE_TONE: Record<ImportStep, Tone> = {
	new: 'neutral', checking: 'blue', checked: 'blue', running: 'blue', done: 'green', cancelled: 'neutral', failed: 'red',
}
