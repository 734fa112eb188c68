/* The application's own files, kept whole by release: what a page of one release asks for is answered from that release, with or without a
 * line. Answers of the API never come here. */

export interface Release {
	/** Changes with any byte of any file. */
	version: string
	/** Paths of the files that a salesperson's screens need; the others are kept when they are first used. */
	files: string[]
	/** SHA-256 of index.html: a server of another release hands out another one. */
	index: string
}

export const PREFIX = 'tenon-shell-'
export const INDEX = '/index.html'

/** The page as it was before is left a cache: tabs that still show it find its files. */
const RELEASES_KEPT = 2

/** Addresses that are not screens of the application. */
const OTHERS = /^\/(api|capture|healthz|readyz|metrics|demo|widget)(\/|\.|$)/

export const isScreen = (path: string): boolean => !OTHERS.test(path) && !/\.[^/]*$/.test(path)
export const isOurs = (path: string): boolean => /^\/(assets|icons)\/[^/]+$/.test(path) || /^\/manifest(\.en)?\.webmanifest$/.test(path)

/** Which caches go when a release takes over, given all in the order of their making. */
export function stale(names: readonly string[], version: string): string[] {
	const shells = names.filter((name) => name.startsWith(PREFIX) && name !== PREFIX + version)
	return shells.slice(0, Math.max(0, shells.length - (RELEASES_KEPT - 1)))
}

async function sha256(body: ArrayBuffer): Promise<string> {
	const digest = await crypto.subtle.digest('SHA-256', body)
	return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('')
}

/** Hashed files of an older release are the same bytes: they are not fetched twice. */
async function obtain(path: string): Promise<Response> {
	const known = path.startsWith('/assets/') ? await caches.match(path) : undefined
	const response = known ?? (await fetch(path, { cache: 'no-cache' }))
	if (!response.ok) throw new Error(`${path}: ${response.status}`)
	return response
}

/** Puts the whole release aside, or fails as a whole: the browser then tries again later. */
export async function fill(release: Release): Promise<void> {
	const cache = await caches.open(PREFIX + release.version)
	const index = await obtain(INDEX)
	if ((await sha256(await index.clone().arrayBuffer())) !== release.index) throw new Error('the server is of another release')
	await cache.put(INDEX, index)
	await Promise.all(
		release.files.map(async (path) => {
			if (!(await cache.match(path))) await cache.put(path, await obtain(path))
		}),
	)
}

export async function screen(request: Request, version: string): Promise<Response> {
	const cache = await caches.open(PREFIX + version)
	return (await cache.match(INDEX)) ?? fetch(request)
}

export async function file(request: Request, version: string): Promise<Response> {
	const known = await caches.match(request.url)
	if (known) return known
	const response = await fetch(request)
	if (response.ok && new URL(request.url).pathname.startsWith('/assets/')) await (await caches.open(PREFIX + version)).put(request.url, response.clone())
	return response
}
