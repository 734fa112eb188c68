/* A draft in words: what it is, and what was typed - to read, to copy, to keep as a note. */
import { dateTime } from '@/i18n/format'
import { named } from '@/i18n/i18n'
import { t as lt, word } from '@/lead/text'
import { size } from '@/ui/size'
import { isFile, type Draft } from './draft'
import { coded, t } from './text'
import { defOf, valueOf } from './values'

export function actOf(draft: Draft): string {
	if (draft.act === 'create') return coded('act_create_', draft.object) ?? t('act_create_of', { name: named(defOf(draft.object)) })
	if (isFile(draft)) return coded('act_file_', draft.body.type.split('/')[0]!) ?? t('act_file')
	return t(draft.act === 'touch' ? 'act_touch' : 'act_edit')
}

function touchWords({ body }: Draft): string {
	const next = body.next_follow_up_at ? `\n${lt('nextFollowUp')}: ${dateTime(String(body.next_follow_up_at))}` : ''
	return `${word(String(body.method))}: ${String(body.summary)}${next}`
}

const HIDDEN = new Set(['owner', 'team', 'lead', 'kind'])

export function typedWords(draft: Draft): string {
	if (draft.act === 'touch') return touchWords(draft)
	if (isFile(draft)) return `${draft.body.name} · ${size(draft.body.bytes)}`
	return Object.entries(draft.body)
		.filter(([name]) => draft.act === 'edit' || !HIDDEN.has(name))
		.map(([name, value]) => {
			const shown = valueOf(draft.object, name, value)
			const label = draft.labels?.[name]
			return label ? `${label}: ${shown || t('nothing')}` : shown
		})
		.filter(Boolean)
		.join('\n')
}
