// A stand-in for the server, for work on the screens and for component tests: node mock/server.mjs [port] [leads]
// Follows docs/developers/api.md; keeps everything in memory. Sign in as admin or user1..user30, password "tenon-demo".
import { createServer } from 'node:http'
import { existsSync, readFileSync } from 'node:fs'
import { extname, join, normalize } from 'node:path'
import { adminRoutes } from './admin.mjs'
import { makeData } from './data.mjs'
import { answer, Fail, id, readBody, router } from './http.mjs'
import { alert, give, leadRoutes } from './leads.mjs'
import { recordRoutes, shown } from './records.mjs'

const port = Number(process.argv[2] ?? 8090)
const world = { ...makeData(Number(process.argv[3] ?? 5000)), seq: 100, streams: new Set(), events: [], sessions: new Map(), company: '云帆智造科技' }
const PASSWORD = 'tenon-demo'
const RIGHTS = {
	salesperson: ['signed_in', 'record.read', 'record.write', 'lead.work'],
	supervisor: ['signed_in', 'record.read', 'record.write', 'lead.work', 'lead.assign', 'board.read', 'intake.read', 'intake.replay', 'people.absence'],
}
RIGHTS.administrator = [...RIGHTS.supervisor, 'people.manage', 'settings.manage', 'system.manage']

world.tell = (kind, { only, ...message }) => {
	const event = { seq: ++world.seq, at: new Date().toISOString(), kind, object: null, record: null, owner: null, before: null, team: null, pool: null, data: {}, ...message }
	world.events.push({ event, only })
	for (const stream of world.streams) stream.send(event, only)
}

const routes = router()
recordRoutes(routes)
leadRoutes(routes)
adminRoutes(routes)

const brief = (user) => ({ id: user.id, name: user.name, login: user.login, role: user.role, team: user.team, language: user.language ?? null, must_change_password: user.must ?? false })

routes.on('POST', '/sessions', (ctx) => {
	const user = world.users.find((u) => u.login === ctx.body.login && u.active)
	if (!user || ctx.body.password !== (user.password ?? PASSWORD)) throw new Fail(401, 'wrong_login', '账号或密码不正确。')
	const token = id()
	world.sessions.set(token, user)
	ctx.header('Set-Cookie', `tenon_session=${token}; Path=/; HttpOnly; SameSite=Lax`)
	ctx.status(201)
	return { token, user: brief(user) }
}, true)
routes.on('GET', '/sessions', (ctx) => ({ items: [...world.sessions].filter(([, user]) => user === ctx.user).map(([key]) => ({ id: key, current: key === ctx.token })) }))
routes.on('DELETE', '/sessions/current', (ctx) => (world.sessions.delete(ctx.token), ctx.status(204)))
routes.on('DELETE', '/sessions/:id', (ctx) => (world.sessions.delete(ctx.params.id), ctx.status(204)))
routes.on('GET', '/boot', (ctx) => ({
	user: brief(ctx.user), rights: RIGHTS[ctx.user.role], company: world.company, absent: ctx.user.absent ?? false, now: new Date().toISOString(), test_clock: false, setup_done: true,
	alerts_unread: world.alerts.filter((a) => a.receiver === ctx.user.id && !a.read_at).length,
	people: world.users.map(({ id, name, team, active }) => ({ id, name, team, active })), teams: world.teams.map(({ id, name }) => ({ id, name })),
	sources: world.sources.map(({ id, name, grade }) => ({ id, name, grade })), pools: world.pools.map(({ id, name }) => ({ id, name })), public_url: `http://127.0.0.1:${port}`, live_seq: world.seq,
}))
routes.on('PATCH', '/me', (ctx) => (Object.assign(ctx.user, ctx.body), shown(ctx.user)))
routes.on('POST', '/me/password', (ctx) => {
	if (ctx.body.old !== (ctx.user.password ?? PASSWORD)) throw new Fail(400, 'invalid', '当前密码不正确。', { fields: [{ field: 'old', code: 'wrong', detail: '当前密码不正确。' }] })
	ctx.user.password = ctx.body.new
	ctx.user.must = false
	ctx.status(204)
})
// Test aids of the mock alone: end all sessions; send a lead to somebody; make somebody change the password.
routes.on('POST', '/mock/expire', (ctx) => (world.sessions.clear(), ctx.status(204)), true)
routes.on('POST', '/mock/lead', (ctx) => {
	const user = world.users.find((u) => u.login === ctx.body.login)
	const lead = { ...world.leads[30], ...ctx.body.lead, id: id(), version: 1, status: 'new', owner: null, first_touch_at: null, next_follow_up_at: null, created_at: new Date().toISOString(), _history: [], _timeline: undefined, _assignments: undefined }
	world.leads.unshift(lead)
	world.tell('record.created', { object: 'lead', record: lead.id, owner: null })
	give({ world, user: world.users[0] }, lead, user.id, 'first', '得分最高')
	return shown(lead)
}, true)
routes.on('POST', '/mock/take', (ctx) => {
	const lead = world.leads.find((l) => l.id === ctx.body.id)
	give({ world, user: world.users[0] }, lead, ctx.body.to ?? world.sellers[3].id, 'miss', '5 分钟内未联系')
	return shown(lead)
}, true)
routes.on('POST', '/mock/must', (ctx) => ((world.users.find((u) => u.login === ctx.body.login).must = true), ctx.status(204)), true)

function live(request, response, user) {
	const after = Number(request.headers['last-event-id'] ?? -1)
	response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
	response.write(': hello\n\n')
	const send = (event, only) => (!only || only === user.id) && response.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`)
	if (after >= 0) for (const { event, only } of world.events) if (event.seq > after) send(event, only)
	const stream = { send }
	world.streams.add(stream)
	const beat = setInterval(() => response.write(': beat\n\n'), 15_000)
	request.on('close', () => (clearInterval(beat), world.streams.delete(stream)))
}

async function api(request, response, url) {
	const path = url.pathname.slice('/api/v1'.length)
	const token = /tenon_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? request.headers.authorization?.slice(7)
	const user = world.sessions.get(token)
	const route = routes.find(request.method, path)
	if (!user && !route?.open) throw new Fail(401, 'unauthenticated', '请先登录。')
	if (path === '/live') return live(request, response, user)
	if (!route) throw new Fail(404, 'no_route', `没有 ${request.method} ${path}。`)
	let status = 200
	const headers = {}
	const ctx = { world, user, token, params: route.params, query: Object.fromEntries(url.searchParams), headers: request.headers, body: await readBody(request), status: (s) => (status = s), header: (n, v) => (headers[n] = v) }
	const body = await route.handler(ctx)
	answer(response, status, body ?? {}, headers)
}

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' }
const DIST = process.env.TENON_DIST ?? new URL('../dist/', import.meta.url).pathname
const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

function asset(request, response, url) {
	let path = join(DIST, normalize(url.pathname))
	if (!extname(path) || !existsSync(path)) path = join(DIST, 'index.html')
	const gz = existsSync(`${path}.gz`)
	response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP, ...(gz ? { 'Content-Encoding': 'gzip' } : {}), 'Cache-Control': url.pathname.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache' })
	response.end(readFileSync(gz ? `${path}.gz` : path))
}

alert(world, world.sellers[0].id, 'lead.assigned', world.leads[0])
alert(world, world.sellers[0].id, 'lead.missed', world.leads[40])
createServer((request, response) => {
	const url = new URL(request.url, 'http://mock')
	if (!url.pathname.startsWith('/api/v1/')) return asset(request, response, url)
	api(request, response, url).catch((error) => {
		if (!(error instanceof Fail)) console.error(error)
		answer(response, error.problem?.status ?? 500, error.problem ?? { status: 500, code: 'internal', detail: String(error) })
	})
}).listen(port, '127.0.0.1', () => console.log(`mock server on http://127.0.0.1:${port}, sign in as user1 or admin with ${PASSWORD}`))
