/* A field's value as text, for history, conflicts and read-only lines. */
import { asTime, number } from '@/i18n/values'
import { dateTime, phone } from '@/i18n/format'
import { word } from './text'
import { codeName, personName, poolName, sourceName, teamName } from '@/session/session'

const NAMES: Record<string, (id: string) => string> = { owner: personName, team: teamName, pool: poolName, source: sourceName, qr: codeName, created_by: personName }

export function showValue(field: string, value: unknown): string {
	if (value === null || value === undefined || value === '') return ''
	if (typeof value === 'boolean') return value ? '✓' : '✗'
	if (typeof value === 'object') return JSON.stringify(value)
	const text = String(value)
	if (NAMES[field]) return NAMES[field](text) || text
	if (field === 'phone') return phone(text)
	if (field === 'status' || field === 'clock' || field === 'duplicate_mark') return word(text)
	if (/_(at|by|until|since)$/.test(field)) return dateTime(asTime(value))
	return typeof value === 'number' ? number(value) : text
}
