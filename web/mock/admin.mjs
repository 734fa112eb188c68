// Routes of the administration screens: board, policy, procedure, intake, setup. Enough to work on the look; what a policy would really
// do only the real server knows.
import { readFileSync } from 'node:fs'
import { at, countdown } from './data.mjs'
import { Fail, id } from './http.mjs'
import { row } from './records.mjs'

const MIN = 60_000
const core = JSON.parse(readFileSync(new URL('../../packs/core/objects.json', import.meta.url))).objects
const named = (thing) => (thing ? { id: thing.id, name: thing.name } : null)
const find = (list, key) => list.find((x) => x.id === key)

function boardRow(world, lead) {
	const source = find(world.sources, lead.source)
	return { ...lead, source: { ...named(source), grade: source?.grade }, assigned_at: lead._assigned, countdown: countdown(lead), owner: named(find(world.users, lead.owner)), waiting_since: lead.owner ? null : lead.created_at, wait_reason: lead.owner ? null : 'skill' }
}

function board({ world }) {
	const open = world.leads.filter((lead) => !lead.first_touch_at).map((lead) => boardRow(world, lead))
	const owned = open.filter((lead) => lead.owner)
	const people = world.users.filter((user) => user.role !== 'administrator').map((user, n) => {
		const untouched = owned.filter((lead) => lead.owner.id === user.id).length
		const state = !user.active ? 'inactive' : user._frozen ? 'frozen' : user.absent ? 'absent' : untouched >= 3 ? 'full' : 'free'
		return { id: user.id, name: user.name, team: named(find(world.teams, user.team)), untouched, capacity: 3, open: 20, state, frozen_until: user._frozen ?? null, misses: user._frozen ? 3 : 0, today: { got: n % 5, touched: n % 4, missed: user._frozen ? 3 : 0, cross_grabs: 0 } }
	})
	return {
		now: at(0), running_out: owned.filter((l) => l.countdown.left_ms > 0), overdue: owned.filter((l) => l.countdown.left_ms === 0), stuck: open.filter((l) => !l.owner), people,
		counts: { waiting: open.length - owned.length, running: owned.length, escalated: 0 }, cross_grabs: { count: 0, items: [] },
	}
}

function policyOf(world) {
	const pool = world.pools[0].id
	return {
		pools: [{ pool, filters: { territory: true, skill: true } }], territory_by: ['province', 'city'], everywhere: true, rank: ['weight', 'load', 'idle'], fallback_pool: pool, touch_minutes: 5,
		protection_minutes: 120, hops_max: 3, escalate_minutes: 120, freeze_misses: 3, load_max: 3, summary_min: 20, out_of_hours: 'hold', on_call: null, out_of_hours_pool: null,
		return_days: 0, return_warn_days: 3, return_from: ['contacting', 'qualified'], cooling_days: 0, stock_max: 0, report_minute: 600, report_every_day: true,
	}
}

function policyRoutes(on) {
	const versions = (world) => (world.policies ??= [{ version: 1, at: at(-86_400_000), author: null, note: '初始策略', policy: policyOf(world) }])
	const save = ({ world, user, status }, policy, note) => {
		const made = { version: versions(world).length + 1, at: at(0), author: named(user), note, policy }
		versions(world).push(made)
		world.tell('policy.changed', {})
		status(201)
		return made
	}
	const version = ({ world, params }) => versions(world).find((v) => v.version === Number(params.version)) ?? (() => { throw new Fail(404, 'not_found', '没有这个版本。') })()
	on('GET', '/policy', ({ world }) => versions(world).at(-1))
	on('GET', '/policy/versions', ({ world }) => ({ items: [...versions(world)].reverse() }))
	on('GET', '/policy/versions/:version', version)
	on('PUT', '/policy', (ctx) => save(ctx, ctx.body.policy, ctx.body.note))
	on('POST', '/policy/versions/:version/restore', (ctx) => save(ctx, version(ctx).policy, `恢复版本 ${ctx.params.version}`))
	on('POST', '/policy/try', ({ world, body }) => {
		const lost = body.policy.territory_by.includes('district') ? 870 : 4
		const warning = lost > 100 ? `按此策略，最近 1000 条线索中有 ${lost} 条（${lost / 10}%）无人匹配。` : null
		const by_person = world.sellers.slice(0, 12).map((user, n) => ({ user: user.id, name: user.name, before: 40 + n, after: lost > 100 ? n : 44 - n }))
		const samples = world.leads.slice(0, 5).map((lead) => ({ lead: lead.id, name: lead.name, city: lead.city, district: lead.district, before: find(world.users, lead.owner)?.name ?? null, after: lost > 100 ? null : world.sellers[1].name, why: 'territory' }))
		return { leads: 1000, same: 1000 - lost - 60, moved: 60, unmatched_before: 4, unmatched_after: lost, unmatched_share: lost / 1000, by_person, by_rule: [{ rule: 'territory', dropped: lost * 5 }], samples, warning, took_ms: 12 }
	})
	on('GET', '/procedure', ({ world }) => ({ version: versions(world).at(-1).version, title: '线索分配流程', sections: [{ title: '谁可以得到', steps: ['仅限在职、在岗、未熔断的人。'] }, { title: '计时', steps: [`${versions(world).at(-1).policy.touch_minutes} 分钟内未联系：转给下一位。`] }] }))
}

function intakeRoutes(on) {
	const made = (world, n, state, reason, body) => ({ id: id(), at: at(-n * 7 * MIN), source: named(world.sources[n % 5]), state, reason, detail: null, lead: state === 'taken' ? world.leads[n].id : null, visitor: '203.0.113.7', body, content_type: 'application/json', headers: { user_agent: 'Mozilla/5.0' }, history: [] })
	const log = (world) => (world.receipts ??= [
		made(world, 0, 'quarantined', 'bad_phone', '{"name":"王伟","phone":"12"}'), made(world, 1, 'quarantined', 'bad_json', '{"name":"李敏",,}'), made(world, 2, 'quarantined', 'suspected_bot', '{"name":"x","_hp":"1"}'),
		...Array.from({ length: 30 }, (_, n) => made(world, n + 3, n % 9 ? 'taken' : 'duplicate', null, JSON.stringify({ name: world.leads[n].name, phone: world.leads[n].phone }))),
	])
	const one = ({ world, params }) => log(world).find((r) => r.id === params.id) ?? (() => { throw new Fail(404, 'no_such_receipt', '没有这个回执。') })()
	const replay = (world, receipt, body) => Object.assign(receipt, { state: 'taken', reason: null, lead: world.leads[0].id, body: body ?? receipt.body, history: [{ at: at(0), who: '系统管理员', act: body ? 'corrected' : 'replayed' }] })
	const matches = (query) => (r) => (!query.state || r.state === query.state) && (!query.source || r.source.id === query.source) && (!query.reason || r.reason === query.reason) && (!query.search || r.body.includes(query.search))
	on('GET', '/intake/receipts', ({ world, query }) => ({ items: log(world).filter(matches(query)).map((r) => ({ ...r, preview: r.body.slice(0, 160) })), next: null }))
	on('GET', '/intake/receipts/:id', one)
	on('POST', '/intake/receipts/:id/replay', (ctx) => ({ receipt: ctx.params.id, state: replay(ctx.world, one(ctx), ctx.body.body).state }))
	on('POST', '/intake/replay', ({ world, body }) => ({ replayed: log(world).filter((r) => r.state === 'quarantined' && (body.ids ? body.ids.includes(r.id) : matches(body)(r))).map((r) => replay(world, r)).length, failed: 0 }))
	on('GET', '/intake/summary', ({ world }) => {
		const count = (test) => log(world).filter(test).length
		const today = Object.fromEntries(['pending', 'taken', 'duplicate', 'quarantined'].map((state) => [state, count((r) => r.state === state)]))
		return { today, by_source: world.sources.map((s) => ({ source: named(s), last_at: at(-5 * MIN), today: count((r) => r.source.id === s.id), quarantined: count((r) => r.source.id === s.id && r.state === 'quarantined') })) }
	})
	on('POST', '/setup/test-lead', ({ world }) => {
		const receipt = made(world, 3, 'taken', null, '{"name":"测试访客"}')
		log(world).unshift(receipt)
		return { receipt: receipt.id, state: 'pending' }
	})
}

export function adminRoutes({ on }) {
	on('GET', '/board', board)
	on('POST', '/users/:id/release', ({ world, params, status }) => {
		delete row(world, 'user', params.id)._frozen
		world.tell('person.released', { object: 'user', record: params.id })
		status(204)
	})
	on('POST', '/users/:id/password', () => ({ password: 'Mock-2468' }))
	on('GET', '/objects/:object', ({ params }) => core.find((object) => object.name === params.object) ?? (() => { throw new Fail(404, 'no_object', '没有这个对象。') })())
	on('GET', '/setup', () => ({ done: true, steps: ['company', 'people', 'source', 'test_lead'].map((name) => ({ name, done: true })) }))
	on('POST', '/setup/company', ({ world, body, status }) => ((world.company = body.name), status(204)))
	on('POST', '/setup/done', ({ status }) => status(204))
	on('GET', '/api-keys', ({ world }) => ({ items: (world.keys ??= []) }))
	on('POST', '/api-keys', ({ world, body, status }) => ((world.keys ??= []).push({ id: id(), ...body, created_at: at(0) }), status(201), { id: id(), key: 'tn_mock_key' }))
	on('DELETE', '/api-keys/:id', ({ world, params, status }) => ((world.keys = world.keys.filter((key) => key.id !== params.id)), status(204)))
	on('GET', '/sessions', () => ({ items: [{ id: id(), created_at: at(-MIN), last_seen_at: at(0), ip: '127.0.0.1', device: 'Chromium', current: true }] }))
	policyRoutes(on)
	intakeRoutes(on)
}
