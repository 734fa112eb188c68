// A very small router: patterns with :names, JSON bodies, problem+json errors.
import { randomUUID } from 'node:crypto'

export class Fail extends Error {
	constructor(status, code, detail, more = {}) {
		super(detail)
		this.problem = { type: 'about:blank', title: code, status, code, detail, fields: [], ...more }
	}
}

export const id = () => randomUUID()

export function router() {
	const routes = []
	const on = (method, pattern, handler, open = false) => {
		const names = []
		const source = pattern.replace(/:(\w+)/g, (_, name) => (names.push(name), '([^/]+)'))
		routes.push({ method, test: new RegExp(`^${source}$`), names, handler, open })
	}
	const find = (method, path) => {
		for (const route of routes) {
			const hit = route.method === method && route.test.exec(path)
			if (hit) return { ...route, params: Object.fromEntries(route.names.map((name, n) => [name, decodeURIComponent(hit[n + 1])])) }
		}
		return undefined
	}
	return { on, find }
}

export async function readBody(request) {
	const parts = []
	for await (const part of request) parts.push(part)
	const text = Buffer.concat(parts).toString('utf8')
	if (!text) return {}
	try {
		return JSON.parse(text)
	} catch {
		throw new Fail(400, 'bad_json', '请求内容不是有效的 JSON。')
	}
}

export function answer(response, status, body, headers = {}) {
	const type = status >= 400 ? 'application/problem+json' : 'application/json'
	response.writeHead(status, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store', ...headers })
	response.end(status === 204 ? undefined : JSON.stringify(body))
}
