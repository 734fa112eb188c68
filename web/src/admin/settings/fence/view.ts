/* The piece of the globe that is looked at. Degrees are only stretched, never bent: what is straight in degrees is straight on the
 * screen, which is what a fence means. */
import type { Point } from './shape'

export interface View {
	/** What lies in the middle. */
	lon: number
	lat: number
	/** Pixels for a degree of latitude. */
	scale: number
	/** How much narrower a degree of longitude is; stays while one moves about, so that nothing slides under the finger. */
	narrow: number
	width: number
	height: number
}

export const SCALE_MIN = 2
export const SCALE_MAX = 2_000_000
const KM = 111.32
const narrowAt = (lat: number) => Math.max(0.05, Math.cos((lat * Math.PI) / 180))

/** All of China, where there is nothing else to show. */
export const CHINA: [number, number, number, number] = [73.5, 18, 135.1, 53.6]

export const toScreen = (view: View, [lon, lat]: Point): [number, number] => [view.width / 2 + (lon - view.lon) * view.scale * view.narrow, view.height / 2 - (lat - view.lat) * view.scale]
export const toPlace = (view: View, x: number, y: number): [number, number] => [view.lon + (x - view.width / 2) / (view.scale * view.narrow), view.lat - (y - view.height / 2) / view.scale]

function within(view: View): View {
	return { ...view, lon: Math.max(-360, Math.min(360, view.lon)), lat: Math.max(-90, Math.min(90, view.lat)), scale: Math.max(SCALE_MIN, Math.min(SCALE_MAX, view.scale)) }
}

/** The whole box with a margin, on a screen of that size. */
export function fit([west, south, east, north]: [number, number, number, number], width: number, height: number): View {
	const narrow = narrowAt((south + north) / 2)
	const room = 0.84
	const scale = Math.min((width * room) / Math.max((east - west) * narrow, 0.004), (height * room) / Math.max(north - south, 0.004))
	return within({ lon: (west + east) / 2, lat: (south + north) / 2, scale, narrow, width, height })
}

/** On a screen of another size what was in sight stays in sight. */
export function resized(view: View, width: number, height: number): View {
	return within({ ...view, width, height, scale: view.scale * Math.min(width / view.width, height / view.height) })
}

export const panned = (view: View, dx: number, dy: number): View => within({ ...view, lon: view.lon - dx / (view.scale * view.narrow), lat: view.lat + dy / view.scale })

/** Closer by a factor; what lies at x, y stays there. */
export function zoomed(view: View, factor: number, x = view.width / 2, y = view.height / 2): View {
	const scale = Math.max(SCALE_MIN, Math.min(SCALE_MAX, view.scale * factor))
	const [lon, lat] = toPlace(view, x, y)
	return within({ ...view, scale, lon: lon - (x - view.width / 2) / (scale * view.narrow), lat: lat + (y - view.height / 2) / scale })
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
export function niceStep(least: number): number {
	const power = 10 ** Math.floor(Math.log10(least))
	return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least * 0.999)!
}

export interface Line {
	at: number
	label: string
}

/** Meridians and parallels about 90 px apart. */
export function lines(view: View): { across: Line[]; down: Line[] } {
	const [west, north] = toPlace(view, 0, 0)
	const [east, south] = toPlace(view, view.width, view.height)
	const step = niceStep(90 / view.scale)
	const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
	const list = (from: number, to: number, limit: number) =>
		Array.from({ length: Math.max(0, Math.floor(to / step) - Math.ceil(from / step) + 1) }, (_, i) => (Math.ceil(from / step) + i) * step).filter((n) => Math.abs(n) <= limit)
	return {
		down: list(west, east, 360).map((lon) => ({ at: toScreen(view, [lon, 0])[0], label: `${lon.toFixed(digits)}°` })),
		across: list(south, north, 90).map((lat) => ({ at: toScreen(view, [0, lat])[1], label: `${lat.toFixed(digits)}°` })),
	}
}

/** A length that fits into 100 px, at the middle of the screen. */
export function ruler(view: View): { px: number; km: number } {
	const km = niceStep((100 / view.scale) * KM) / (niceStep((100 / view.scale) * KM) > (100 / view.scale) * KM ? 2 : 1)
	const fits = km <= (100 / view.scale) * KM ? km : km / 2
	return { px: (fits / KM) * view.scale, km: fits }
}

export interface Named {
	code: string
	name: string
	place: Point
}

export interface Mark {
	code: string
	x: number
	y: number
	/** Empty where it would lie over another. */
	name: string
	big: boolean
}

const CHAR = 12
const LINE = 16

/** The points in sight; provinces get their names first, then cities while there is room beside them. */
export function marks(view: View, all: readonly Named[], cityScale = 30): Mark[] {
	const taken: [number, number, number, number][] = []
	const free = (box: [number, number, number, number]) => taken.every((t) => box[0] > t[2] || box[2] < t[0] || box[1] > t[3] || box[3] < t[1])
	const found: Mark[] = []
	const inOrder = [...all].sort((a, b) => a.code.length - b.code.length)
	const provinces = new Set(all.filter((one) => one.code.length === 2).map((one) => one.name))
	for (const { code, name, place } of inOrder) {
		const big = code.length === 2
		if (!big && (view.scale < cityScale || provinces.has(name))) continue
		const [x, y] = toScreen(view, place)
		if (x < -80 || y < -20 || x > view.width + 20 || y > view.height + 20) continue
		const box: [number, number, number, number] = [x - 5, y - LINE / 2, x + 8 + name.length * CHAR, y + LINE / 2]
		const room = free(box)
		if (room) taken.push(box)
		found.push({ code, x, y, name: room ? name : '', big })
	}
	return found
}
