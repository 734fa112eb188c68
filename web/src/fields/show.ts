/* A field's value as text, by its type in the catalogue. */
import type { FieldDef } from '@/api/types'
import { asTime, money, number } from '@/i18n/values'
import { date, dateTime, phone } from '@/i18n/format'
import { named } from '@/i18n/i18n'
import { refName } from './names'
import { t } from './text'

export function showField(field: FieldDef, value: unknown): string {
	if (value === null || value === undefined || value === '') return ''
	const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
	switch (field.type) {
		case 'choice':
			return named(field.choices?.find((choice) => choice.value === text)) || text
		case 'ref':
			return refName(field.ref ?? '', text)
		case 'time':
			return dateTime(asTime(value))
		case 'date':
			return date(`${text.slice(0, 10)}T00:00:00`)
		case 'money':
			return money(text)
		case 'int':
		case 'decimal':
			return number(text)
		case 'phone':
			return phone(text)
		case 'bool':
			return value === true ? t('yes') : t('no')
		default:
			return text
	}
}
