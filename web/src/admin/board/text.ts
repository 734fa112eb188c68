import { defineText, lookup } from '@/i18n/i18n'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }

/** Why a lead waits: words for a code of the server; a sentence of the server as it is. */
export const whyWaiting = (reason: string | null | undefined) => (reason ? (lookup(known, `why_${reason}`) ?? reason) : t('why_unmatched'))

/** What was attempted on somebody else's lead. */
export const actOf = (act: string) => lookup(known, `act_${act}`) ?? t('act_other')
