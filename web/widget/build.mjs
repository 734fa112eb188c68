// Builds dist/widget.js (one classic script without dependencies, at most 4 kB as gzip) and the demo page beside it.
import { copyFileSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const LIMIT = 4096
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const dist = process.argv[2] ?? here('../dist')

await build({
	configFile: false,
	logLevel: 'warn',
	publicDir: false,
	build: {
		outDir: dist,
		emptyOutDir: false,
		target: 'es2020',
		reportCompressedSize: false,
		rolldownOptions: { input: here('index.ts'), output: { format: 'iife', entryFileNames: 'widget.js' } },
	},
})
for (const name of ['demo.html', 'demo.css', 'q.css']) copyFileSync(here(name), `${dist}/${name}`)

const size = gzipSync(readFileSync(`${dist}/widget.js`), { level: 9 }).length
console.log(`widget: ${size} bytes as gzip`)
if (size > LIMIT) {
	console.error(`widget.js is larger than ${LIMIT} bytes`)
	process.exit(1)
}
