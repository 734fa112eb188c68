// A server of another release, as browsers see it: passes everything on to the house, and when told so hands out another index.html and the
// service worker that belongs to it.
import { createHash } from 'node:crypto'
import { createServer, request } from 'node:http'

const sha = (text) => createHash('sha256').update(text).digest('hex')
const text = async (address) => (await fetch(address)).text()

async function newRelease(base) {
	const index = await text(`${base}/index.html`)
	const next = index.replace('</head>', '<meta name="test-release" content="next"></head>')
	const worker = await text(`${base}/sw.js`)
	const version = worker.match(/version:\s*[`"']([0-9a-f]{16})[`"']/)[1]
	return { index: next, worker: worker.replaceAll(version, sha(next).slice(0, 16)).replaceAll(sha(index), sha(next)) }
}

/** { base, next(), close() }: next() puts the new release in place. */
export async function front(base) {
	let release = null
	const server = createServer((ask, answer) => {
		const own = release && (ask.url === '/sw.js' ? [release.worker, 'text/javascript'] : ask.method === 'GET' && (ask.url === '/index.html' || ask.headers['sec-fetch-dest'] === 'document') ? [release.index, 'text/html; charset=utf-8'] : null)
		if (own) {
			answer.writeHead(200, { 'Content-Type': own[1], 'Cache-Control': 'no-cache' })
			return void answer.end(own[0])
		}
		const on = request(base + ask.url, { method: ask.method, headers: ask.headers }, (reply) => {
			answer.writeHead(reply.statusCode, reply.headers)
			reply.pipe(answer)
		})
		on.on('error', () => answer.destroy())
		answer.on('close', () => on.destroy())
		ask.pipe(on)
	})
	await new Promise((done) => server.listen(0, '127.0.0.1', done))
	return {
		base: `http://127.0.0.1:${server.address().port}`,
		next: async () => void (release = await newRelease(base)),
		close: () => {
			server.closeAllConnections()
			return new Promise((done) => server.close(done))
		},
	}
}
