// Builds dist/sw.js, the service worker, with the list of files of this release written into it. Runs when everything else is in dist.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const dist = process.argv[2] ?? here('../dist')
const parts = JSON.parse(readFileSync(`${dist}/parts.json`, 'utf8'))

// Screens of administrators and supervisors are kept when they are first opened.
const LATER = /^src\/(admin|procedure|release)\//
const extra = ['manifest.webmanifest', 'manifest.en.webmanifest', 'icons/icon.svg', 'icons/icon-192.png']

/** All that is reachable from the page without those. */
function reachable(key, found = new Set()) {
	const part = parts[key]
	if (!part || found.has(key)) return found
	found.add(key)
	for (const next of [...(part.imports ?? []), ...(part.dynamicImports ?? [])]) if (!LATER.test(parts[next]?.src ?? next)) reachable(next, found)
	return found
}

const needed = new Set(extra)
for (const key of reachable('index.html')) {
	const part = parts[key]
	for (const name of [part.file, ...(part.css ?? []), ...(part.assets ?? [])]) if (/\.(js|css|svg)$/.test(name)) needed.add(name)
}
rmSync(`${dist}/parts.json`)

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex')
const files = (dir, prefix = '') => readdirSync(dir).sort().flatMap((name) => (statSync(`${dir}/${name}`).isDirectory() ? files(`${dir}/${name}`, `${prefix}${name}/`) : [prefix + name]))
const whole = createHash('sha256')
for (const name of files(dist)) if (!/(\.gz|\.br|\.stamp|^sw\.js)$/.test(name)) whole.update(name).update(readFileSync(`${dist}/${name}`))

const release = { version: whole.digest('hex').slice(0, 16), index: sha(readFileSync(`${dist}/index.html`)), files: [...needed].sort().map((name) => `/${name}`) }
await build({
	configFile: false,
	logLevel: 'warn',
	publicDir: false,
	define: { RELEASE: JSON.stringify(release) },
	resolve: { alias: { '@': here('../src') } },
	build: {
		outDir: dist,
		emptyOutDir: false,
		target: 'es2022',
		reportCompressedSize: false,
		rolldownOptions: { input: here('sw.ts'), output: { format: 'iife', entryFileNames: 'sw.js' } },
	},
})
const size = release.files.reduce((sum, name) => sum + statSync(dist + name).size, 0)
console.log(`service worker: release ${release.version}, ${release.files.length} files, ${Math.round(size / 1000)} kB kept`)
