/* A fence as it is drawn: parts, each an outer ring and its holes; rings of [longitude, latitude] without the closing point.
 * Shapes are never changed, each edit makes a new one that shares what stayed: a list of them is the history. */
export type Point = readonly [lon: number, lat: number]
export type Ring = readonly Point[]
export type Part = readonly Ring[]
export type Shape = readonly Part[]
/** Where a point stands: part, ring of the part (0 is its outside), point of the ring. */
export interface Spot {
	part: number
	ring: number
	point: number
}

const EARTH_KM = 6371.0088
const RINGS_MIN = 3

const isPoint = (p: unknown): p is [number, number] => Array.isArray(p) && Number.isFinite(p[0]) && Number.isFinite(p[1])
const isRing = (r: unknown): r is [number, number][] => Array.isArray(r) && r.length > 0 && r.every(isPoint)
const isPart = (p: unknown): p is [number, number][][] => Array.isArray(p) && p.length > 0 && p.every(isRing)
const same = (a: Point, b: Point) => a[0] === b[0] && a[1] === b[1]

function opened(ring: [number, number][]): Ring {
	const points = ring.map(([lon, lat]): Point => [lon, lat])
	return points.length > 1 && same(points[0]!, points.at(-1)!) ? points.slice(0, -1) : points
}

/** What the server takes as polygons, as parts; null if it is none. A bare list of points is one part. */
export function fromGeo(json: unknown): Shape | null {
	if (isRing(json)) return [[opened(json)]]
	if (!json || typeof json !== 'object') return null
	const { type, features, geometry, coordinates } = json as Record<string, unknown>
	if (type === 'Polygon') return isPart(coordinates) ? [coordinates.map(opened)] : null
	if (type === 'MultiPolygon') return Array.isArray(coordinates) && coordinates.length > 0 && coordinates.every(isPart) ? coordinates.map((part) => part.map(opened)) : null
	if (type === 'Feature') return fromGeo(geometry)
	if (type !== 'FeatureCollection' || !Array.isArray(features)) return null
	const parts = features.map(fromGeo)
	return parts.length > 0 && parts.every((part) => part !== null) ? parts.flat() : null
}

/** About ten centimetres; what the server keeps is finer, what a mouse can do is coarser. */
const rounded = (n: number) => Math.round(n * 1e6) / 1e6

export function toGeo(shape: Shape): { type: string; coordinates: unknown } | null {
	const closed = shape.map((part) => part.map((ring) => [...ring, ring[0]!]))
	if (closed.length === 0) return null
	return closed.length === 1 ? { type: 'Polygon', coordinates: closed[0] } : { type: 'MultiPolygon', coordinates: closed }
}

export const place = (lon: number, lat: number): Point => [rounded(Math.max(-360, Math.min(360, lon))), rounded(Math.max(-90, Math.min(90, lat)))]
export const pointAt = (shape: Shape, { part, ring, point }: Spot): Point | undefined => shape[part]?.[ring]?.[point]

function withRing(shape: Shape, part: number, ring: number, change: (ring: Ring) => Ring): Shape {
	return shape.map((p, i) => (i === part ? p.map((r, j) => (j === ring ? change(r) : r)) : p))
}

export const movePoint = (shape: Shape, spot: Spot, to: Point): Shape => withRing(shape, spot.part, spot.ring, (ring) => ring.map((point, i) => (i === spot.point ? to : point)))
/** Before the point that stands at the spot now. */
export const insertPoint = (shape: Shape, spot: Spot, to: Point): Shape => withRing(shape, spot.part, spot.ring, (ring) => [...ring.slice(0, spot.point), to, ...ring.slice(spot.point)])

/** A ring of two points is none: with its last but two points a ring goes, and with its outside a part. */
export function removePoint(shape: Shape, spot: Spot): Shape {
	const ring = shape[spot.part]?.[spot.ring]
	if (!ring) return shape
	return ring.length <= RINGS_MIN ? removeRing(shape, spot.part, spot.ring) : withRing(shape, spot.part, spot.ring, (r) => r.filter((_, i) => i !== spot.point))
}

export function removeRing(shape: Shape, part: number, ring: number): Shape {
	return ring === 0 ? shape.filter((_, i) => i !== part) : shape.map((p, i) => (i === part ? p.filter((_, j) => j !== ring) : p))
}

/** Even-odd, as the server does; points on an edge may fall either way here. */
export function ringHolds(ring: Ring, [x, y]: Point): boolean {
	let inside = false
	for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
		const [ax, ay] = ring[i]!
		const [bx, by] = ring[j]!
		if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
	}
	return inside
}

/** The part a new hole belongs to: the last that holds most of its points. */
export function partAround(shape: Shape, ring: Ring): number {
	const held = shape.map((part) => ring.filter((point) => ringHolds(part[0]!, point)).length)
	const most = Math.max(0, ...held)
	return most === 0 ? -1 : held.lastIndexOf(most)
}

export const addPart = (shape: Shape, ring: Ring): Shape => [...shape, [ring]]
export const addHole = (shape: Shape, part: number, ring: Ring): Shape => shape.map((p, i) => (i === part ? [...p, ring] : p))

const rad = (degrees: number) => (degrees * Math.PI) / 180

/** km² on the globe; edges are straight in degrees, as the server takes them. */
function ringArea(ring: Ring): number {
	let sum = 0
	for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
		const [a, b] = [rad(ring[j]![1]), rad(ring[i]![1])]
		const height = Math.abs(b - a) < 1e-9 ? Math.sin((a + b) / 2) : (Math.cos(a) - Math.cos(b)) / (b - a)
		sum += rad(ring[i]![0] - ring[j]![0]) * height
	}
	return Math.abs(sum) * EARTH_KM * EARTH_KM
}

export const area = (shape: Shape): number => shape.reduce((sum, part) => sum + part.reduce((rest, ring, i) => rest + (i === 0 ? 1 : -1) * ringArea(ring), 0), 0)
export const count = (shape: Shape): number => shape.reduce((sum, part) => sum + part.reduce((n, ring) => n + ring.length, 0), 0)

/** West, south, east, north; null without a point. */
export function boundsOf(points: Iterable<Point>): [number, number, number, number] | null {
	let box: [number, number, number, number] | null = null
	for (const [x, y] of points) box = box ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)] : [x, y, x, y]
	return box
}

/** The spot n points on in the ring, round and round. */
export function along(shape: Shape, spot: Spot, n: number): Spot {
	const length = shape[spot.part]?.[spot.ring]?.length ?? 0
	return length === 0 ? spot : { ...spot, point: (((spot.point + n) % length) + length) % length }
}

/** The same point of the next ring, over all parts. */
export function nextRing(shape: Shape, spot: Spot | null, n: number): Spot | null {
	const rings = shape.flatMap((part, p) => part.map((_, r) => ({ part: p, ring: r, point: 0 })))
	if (rings.length === 0) return null
	const now = spot ? rings.findIndex((one) => one.part === spot.part && one.ring === spot.ring) : n > 0 ? -1 : 0
	return rings[(now + n + rings.length) % rings.length]!
}
