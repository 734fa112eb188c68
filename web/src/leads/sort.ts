/* The order of a list, as the server has it: keys with direction, blanks first when rising, the id breaks ties. */
import type { Rec } from '@/api/types'

export interface SortKey {
	field: string
	down: boolean
}

export function parseSort(sort: string): SortKey[] {
	return sort.split(',').filter(Boolean).map((key) => ({ field: key.replace(/^-/, ''), down: key.startsWith('-') }))
}

function compareValues(a: unknown, b: unknown): number {
	const blankA = a === null || a === undefined
	const blankB = b === null || b === undefined
	if (blankA || blankB) return Number(blankB) - Number(blankA)
	if (typeof a === 'number' && typeof b === 'number') return a - b
	const [x, y] = [String(a), String(b)]
	return x < y ? -1 : x > y ? 1 : 0
}

export function comparer(sort: string): (a: Rec, b: Rec) => number {
	const keys = parseSort(sort)
	return (a, b) => {
		for (const { field, down } of keys) {
			const order = compareValues(a[field], b[field])
			if (order !== 0) return down ? -order : order
		}
		return compareValues(a.id, b.id)
	}
}

/** Where a record belongs in sorted rows. */
export function placeIn<T extends Rec>(rows: readonly T[], record: T, compare: (a: Rec, b: Rec) => number): number {
	let low = 0
	let high = rows.length
	while (low < high) {
		const middle = (low + high) >>> 1
		if (compare(rows[middle]!, record) < 0) low = middle + 1
		else high = middle
	}
	return low
}
