/* What stands on an avatar, and on which of its six colours. */
export function tint(name: string): number {
	let sum = 0
	for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0
	return sum % 6
}

export const initial = (name: string) => [...name.trim()][0]?.toUpperCase() ?? '?'
