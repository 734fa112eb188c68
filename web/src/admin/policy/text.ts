import { defineText, lookup } from '@/i18n/i18n'
import type { Policy } from '../api'
import en from './en'
import zh from './zh'

export const t = defineText(zh, en)
const known = { zh: zh as Record<string, string>, en: en as Record<string, string> }
export const ruleWords = (rule: string) => lookup(known, `rule_${rule}`) ?? rule

/** Where on the page a part of the policy stands: section and label, or the label alone where it says enough. */
const PARTS: Record<keyof Policy, (keyof typeof zh)[]> = {
	pools: ['pools'],
	territory_by: ['territoryBy'],
	everywhere: ['everywhere'],
	fallback_pool: ['fallback'],
	touch_minutes: ['touch_minutes'],
	protection_minutes: ['protection_minutes'],
	hops_max: ['hops_max'],
	escalate_minutes: ['escalate_minutes'],
	freeze_misses: ['freeze_misses'],
	load_max: ['load_max'],
	summary_min: ['summary_min'],
	rank: ['rank'],
	out_of_hours: ['s_hours'],
	on_call: ['s_hours', 'onCallWho'],
	out_of_hours_pool: ['s_hours', 'poolWhich'],
	return_days: ['s_return', 'return_days'],
	return_warn_days: ['s_return', 'return_warn_days'],
	return_from: ['s_return', 'returnFrom'],
	cooling_days: ['s_return', 'cooling_days'],
	stock_max: ['s_return', 'stock_max'],
	account_days: ['s_account', 'account_days'],
	account_warn_days: ['s_account', 'account_warn_days'],
	account_stock_max: ['s_account', 'account_stock_max'],
	account_keep: ['s_account', 'account_keep'],
	account_pool: ['s_account', 'account_pool'],
	report_minute: ['s_report', 'reportAt'],
	report_every_day: ['s_report', 'reportEveryDay'],
}
export const partNames = (keys: readonly (keyof Policy)[]): string => keys.map((key) => PARTS[key].map((one) => t(one)).join(' · ')).join(t('comma'))
