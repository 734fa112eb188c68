// A server of another release, as browsers see it: passes everything on to the house, and when told so hands out another index.html and the
// service worker that belongs to it; if wanted, of a release that keeps its data on the device in another form.
import { createHash } from 'node:crypto'
import { createServer, request } from 'node:http'

const sha = (text) => createHash('sha256').update(text).digest('hex')
const text = async (address) => (await fetch(address)).text()

/** Other bytes have other names. */
const renamed = (code) => code.replace(/(\/[\w-]+-[\w-]{8})\.js/g, '$1.next.js')
const ORIGINAL = /^(\/assets\/[\w-]+)\.next\.js$/
/** The version of the database of the device, where it is opened. */
const VERSION = /([`"']tenon[`"'],\w+=)\d+/

function raised(code) {
	if (!VERSION.test(code)) throw new Error('the version of the database is not where it is looked for')
	return code.replace(VERSION, '$199')
}

async function newRelease(base, { schema }) {
	const own = schema ? renamed : (code) => code
	const index = await text(`${base}/index.html`)
	const next = own(index).replace('</head>', '<meta name="test-release" content="next"></head>')
	const worker = await text(`${base}/sw.js`)
	const version = worker.match(/version:\s*[`"']([0-9a-f]{16})[`"']/)[1]
	const code = own(worker).replaceAll(version, sha(next).slice(0, 16)).replaceAll(sha(index), sha(next))
	return { index: next, worker: schema ? raised(code) : code }
}

async function asset(base, path) {
	const code = renamed(await text(`${base}${path.replace(ORIGINAL, '$1.js')}`))
	return VERSION.test(code) ? raised(code) : code
}

/** { base, next(), close() }: next() puts the new release in place; with `schema` one that opens the database of the device in a higher version. */
export async function front(base) {
	let release = null
	/** What this release answers itself: text and its type. */
	async function ownOf(ask) {
		if (!release) return null
		if (ask.url === '/sw.js') return [release.worker, 'text/javascript']
		if (ORIGINAL.test(ask.url)) return [await asset(base, ask.url), 'text/javascript']
		if (ask.method === 'GET' && (ask.url === '/index.html' || ask.headers['sec-fetch-dest'] === 'document')) return [release.index, 'text/html; charset=utf-8']
		return null
	}

	async function serve(ask, answer) {
		const own = await ownOf(ask)
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
	}
	const server = createServer((ask, answer) => void serve(ask, answer).catch(() => answer.destroy()))
	await new Promise((done) => server.listen(0, '127.0.0.1', done))
	return {
		base: `http://127.0.0.1:${server.address().port}`,
		next: async (how = {}) => void (release = await newRelease(base, how)),
		close: () => {
			server.closeAllConnections()
			return new Promise((done) => server.close(done))
		},
	}
}
