/* A decision told in plain words. */
import type { Assignment } from '@/api/types'
import { lang } from '@/i18n/i18n'
import { coded, t } from './text'

const BY_HAND = new Set(['hand_over', 'claim', 'return'])

/** What the house noted beside a decision, in words; what a person wrote stays as it is. */
export function reasonWords(kind: string, reason: string | null | undefined): string {
	if (!reason || kind === 'idle') return ''
	return kind === 'escalated' ? coded('esc_', reason) : reason
}

export function ruleCounts(decision: Assignment): [string, number][] {
	if (decision.dropped_by) return Object.entries(decision.dropped_by)
	const counts = new Map<string, number>()
	for (const { rule } of decision.dropped) counts.set(rule, (counts.get(rule) ?? 0) + 1)
	return [...counts]
}

export function whyWords(decision: Assignment): string[] {
	const total = decision.candidates_total ?? decision.candidates.length
	const who = decision.owner?.name
	if (BY_HAND.has(decision.kind) && total === 0) return [t('whyHand')]
	const words: string[] = []
	if (!who) words.push(t('whyNobody'))
	else if (total === 1) words.push(t('whyOnly', { who }))
	else if (total > 1) words.push(t('whyWords', { n: total, who }))
	const counts = ruleCounts(decision).sort((a, b) => b[1] - a[1])
	const dropped = counts.reduce((sum, [, n]) => sum + n, 0)
	const rules = counts.map(([rule, n]) => t('ruleCount', { rule: coded('rule_', rule), n })).join(lang.value === 'zh' ? '、' : ', ')
	if (dropped > 0) words.push(t('whyDropped', { n: dropped, rules }))
	return words
}
