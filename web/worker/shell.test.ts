import { afterEach, describe, expect, it, vi } from 'vitest'
import { fill, INDEX, isOurs, isScreen, stale } from './shell'

describe('addresses', () => {
	it('knows the screens from everything else the server has', () => {
		for (const path of ['/', '/leads', '/leads/0198-7', '/settings/people', '/release/abc', '/demonstration']) expect(isScreen(path)).toBe(true)
		for (const path of ['/api/v1/boot', '/capture/web', '/healthz', '/readyz', '/metrics', '/demo', '/widget.js', '/sw.js', '/index.html']) expect(isScreen(path)).toBe(false)
	})

	it('keeps only files of the application, never an answer of the API', () => {
		for (const path of ['/assets/base-1.js', '/icons/icon.svg', '/manifest.webmanifest', '/manifest.en.webmanifest']) expect(isOurs(path)).toBe(true)
		for (const path of ['/api/v1/leads/1', '/api/v1/assets/x', '/capture/web', '/sw.js', '/assets/', '/']) expect(isOurs(path)).toBe(false)
	})
})

describe('stale', () => {
	it('keeps this release and the one before, and what is not ours', () => {
		expect(stale(['tenon-shell-a', 'other', 'tenon-shell-b', 'tenon-shell-c'], 'c')).toEqual(['tenon-shell-a'])
		expect(stale(['tenon-shell-a', 'tenon-shell-b'], 'b')).toEqual([])
		expect(stale(['tenon-shell-c'], 'c')).toEqual([])
	})
})

describe('fill', () => {
	const HTML = '<!doctype html>'
	const index = 'fe26c59e91ac8de694b2531dc3bdc1b7faf471d3d7e4e00870af60f5f22897cb'
	const kept = new Map<string, Response>()
	const fetched = vi.fn(async (path: string) => new Response(path === INDEX ? HTML : `body of ${path}`, { status: path === '/assets/missing.js' ? 404 : 200 }))

	function browser(older: Record<string, string> = {}) {
		kept.clear()
		fetched.mockClear()
		vi.stubGlobal('fetch', fetched)
		vi.stubGlobal('caches', {
			open: async () => ({ match: async (path: string) => kept.get(path), put: async (path: string, response: Response) => void kept.set(path, response) }),
			match: async (path: string) => (older[path] ? new Response(older[path]) : undefined),
		})
	}
	afterEach(() => vi.unstubAllGlobals())

	it('puts the whole release aside', async () => {
		browser()
		await fill({ version: 'b', index, files: ['/assets/a.js', '/icons/icon.svg'] })
		expect([...kept.keys()].sort()).toEqual(['/assets/a.js', '/icons/icon.svg', INDEX])
	})

	it('fetches no file twice that an older release had under the same hash', async () => {
		browser({ '/assets/a.js': 'same bytes', '/icons/icon.svg': 'an older icon' })
		await fill({ version: 'b', index, files: ['/assets/a.js', '/icons/icon.svg'] })
		expect(fetched.mock.calls.map(([path]) => path).sort()).toEqual(['/icons/icon.svg', INDEX])
	})

	it('fails as a whole when the server is of another release, or lacks a file: never a mix', async () => {
		browser()
		await expect(fill({ version: 'b', index: 'another', files: ['/assets/a.js'] })).rejects.toThrow('another release')
		expect(kept.size).toBe(0)
		await expect(fill({ version: 'b', index, files: ['/assets/missing.js'] })).rejects.toThrow('404')
	})
})
