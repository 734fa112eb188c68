import { defineText, lookup } from '@/i18n/i18n'
import type { LeadStatus, Match, Method } from '@/api/types'
import type { Tone } from '@/ui/UiChip.vue'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)

export const STATUSES: readonly LeadStatus[] = ['new', 'contacting', 'qualified', 'converted', 'invalid']
export const METHODS: readonly Method[] = ['call', 'wechat', 'visit', 'meeting', 'mail', 'chat', 'note']

export const STATUS_TONE: Record<LeadStatus, Tone> = { new: 'blue', contacting: 'cyan', qualified: 'violet', converted: 'green', invalid: 'neutral' }
export const GRADE_TONE: Record<string, Tone> = { high: 'red', medium: 'amber', low: 'neutral' }

const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }

/** Words for a code from the server; the code itself when it is new to us. */
export const word = (code: string) => lookup(known, code) ?? code

/** "电话相同、公司名相似 93%" */
export function matchReasons(match: Match): string {
	const share = `${Math.round(match.similarity * 100)}%`
	return match.kinds.map((kind) => lookup(known, `kind${kind}`, { share }) ?? kind).join(' · ')
}

interface Titled {
	name?: string | null
	company?: string | null
}

/** What a lead is called: company first, as salespeople do. */
export const leadTitle = (lead: Titled) => lead.company || lead.name || t('anonymous')
export const leadPerson = (lead: Titled) => lead.name || t('nameless')
