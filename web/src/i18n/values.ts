/* Values of records as people read them. Amounts are formatted from their exact text (F7): never through a float. */

/** Thousands without ever leaving text: "1234567.50" -> "1,234,567.50". */
export function number(value: string | number | null | undefined): string {
	if (value === null || value === undefined || value === '') return ''
	const [whole = '', fraction] = String(value).split('.')
	const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
	return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

export function money(value: string | null | undefined, sign = '¥'): string {
	if (value === null || value === undefined || value === '') return ''
	const trimmed = value.includes('.') ? value.replace(/0+$/, '').replace(/\.$/, '') : value
	const fraction = trimmed.split('.')[1]
	const shown = fraction?.length === 1 ? `${trimmed}0` : trimmed
	return shown.startsWith('-') ? `-${sign}${number(shown.slice(1))}` : sign + number(shown)
}

/** History keeps times as milliseconds, records as text. */
export function asTime(value: unknown): string | null {
	if (typeof value === 'number' || /^\d{11,}$/.test(String(value))) return new Date(Number(value)).toISOString()
	return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : null
}
