/* Windowing: of a very long list only what can be seen is drawn. Rows have one height. Browsers cap the height of an element
 * (Firefox at about 17.9 million pixels), so a list that would be higher scrolls over a shorter track, scaled. */
const TRACK_MAX = 15_000_000

export interface WindowState {
	/** First and one past the last row to draw. */
	first: number
	end: number
	/** Pixels from the top of the track to row `first`. */
	offset: number
	/** Height of the track. */
	track: number
}

export function windowAt(scrollTop: number, view: number, count: number, row: number, overscan = 6): WindowState {
	const full = count * row
	const track = Math.min(full, TRACK_MAX)
	const reach = Math.max(1, track - view)
	const scale = full > track ? (full - view) / reach : 1
	const top = Math.max(0, Math.min(scrollTop, reach)) * scale
	const first = Math.max(0, Math.floor(top / row) - overscan)
	const end = Math.min(count, Math.ceil((top + view) / row) + overscan)
	return { first, end, offset: first * row - top + Math.max(0, Math.min(scrollTop, reach)), track }
}

/** Where to scroll so that a row is wholly visible; undefined when it is. */
export function scrollTo(index: number, scrollTop: number, view: number, count: number, row: number): number | undefined {
	const full = count * row
	const track = Math.min(full, TRACK_MAX)
	const scale = full > track ? (full - view) / Math.max(1, track - view) : 1
	const top = scrollTop * scale
	if (index * row < top) return (index * row) / scale
	if ((index + 1) * row > top + view) return ((index + 1) * row - view) / scale
	return undefined
}
