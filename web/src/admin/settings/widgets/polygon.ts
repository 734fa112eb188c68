/* A polygon drawn to scale: degrees of longitude are as long as they are at its middle. Takes whatever the server takes. */
type Ring = [number, number][]

const isPoint = (p: unknown): p is [number, number] => Array.isArray(p) && Number.isFinite(p[0]) && Number.isFinite(p[1])

/** All rings of a polygon, a feature, a collection, or a bare list of points. */
export function ringsOf(json: unknown): Ring[] {
	if (Array.isArray(json)) return json.length > 0 && json.every(isPoint) ? [json] : json.flatMap(ringsOf)
	if (!json || typeof json !== 'object') return []
	const { features, geometry, coordinates } = json as { features?: unknown; geometry?: unknown; coordinates?: unknown }
	return ringsOf(features ?? geometry ?? coordinates)
}

const km = (degrees: number) => degrees * 111.32

/** Path, box and size in kilometres; null without a ring. A place is marked. */
export function outline(json: unknown, place?: [number, number] | null): { path: string; box: string; span: string; mark: [number, number] | null; dot: number } | null {
	const rings = ringsOf(json).filter((ring) => ring.length > 2)
	const points = rings.flat()
	if (points.length === 0) return null
	let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity]
	for (const [x, y] of points) {
		west = Math.min(west, x)
		east = Math.max(east, x)
		south = Math.min(south, y)
		north = Math.max(north, y)
	}
	const narrow = Math.max(0.01, Math.cos((((south + north) / 2) * Math.PI) / 180))
	const at = ([x, y]: [number, number]): [number, number] => [(x - west) * narrow, north - y]
	const [width, height] = [(east - west) * narrow || 1e-6, north - south || 1e-6]
	const edge = Math.max(width, height) * 0.03
	const short = (n: number) => Number(n.toPrecision(7))
	const path = rings.map((ring) => `M${ring.map((p) => at(p).map(short).join(' ')).join('L')}Z`).join('')
	const size = (degrees: number) => (km(degrees) >= 10 ? Math.round(km(degrees)) : km(degrees).toFixed(1))
	return { path, box: [-edge, -edge, width + 2 * edge, height + 2 * edge].map(short).join(' '), span: `${size(width)} × ${size(height)} km`, mark: place ? at(place) : null, dot: edge * 0.6 }
}
