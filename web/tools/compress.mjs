// compress.mjs [DIR]: writes .gz and .br beside every file of dist that is worth compressing, so that the server never compresses at request time.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const WORTH = /\.(html|js|css|svg|json|txt|webmanifest)$/

function files(dir) {
	return readdirSync(dir).flatMap((name) => {
		const path = join(dir, name)
		return statSync(path).isDirectory() ? files(path) : [path]
	})
}

const dist = process.argv[2] ?? new URL('../dist', import.meta.url).pathname
let raw = 0
let small = 0
for (const path of files(dist)) {
	if (/\.(gz|br)$/.test(path)) {
		rmSync(path)
		continue
	}
	if (!WORTH.test(path)) continue
	const body = readFileSync(path)
	const br = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } })
	writeFileSync(path + '.gz', gzipSync(body, { level: 9 }))
	writeFileSync(path + '.br', br)
	raw += body.length
	small += br.length
}
console.log(`compressed: ${raw} bytes -> ${small} bytes as brotli`)
