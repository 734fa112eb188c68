/* What stands on an avatar, and on which of its six colours. */
export const tint = (name: string) => [...name].reduce((sum, char) => (sum * 31 + char.codePointAt(0)!) >>> 0, 0) % 6
export const initial = (name: string) => [...name.trim()][0]?.toUpperCase() ?? '?'
