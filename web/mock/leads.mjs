// /leads, /desk, /alerts, /users/:id/absence
import { at, countdown } from './data.mjs'
import { Fail, id } from './http.mjs'
import { apply, change, row, shown, table } from './records.mjs'

const named = (thing) => (thing ? { id: thing.id, name: thing.name } : null)
const by = (list, key) => list.find((x) => x.id === key)

function view(ctx, lead) {
	const { world, user } = ctx
	const mine = lead.owner === user.id
	const lead_assign = user.role !== 'salesperson'
	const open = !['converted', 'invalid'].includes(lead.status)
	return {
		...shown(lead),
		_view: {
			owner: named(by(world.users, lead.owner)), team: named(by(world.teams, lead.team)), source: named(by(world.sources, lead.source)), pool: named(by(world.pools, lead.pool)), account: null,
			countdown: countdown(lead),
			protection: lead.owner ? { holder: named(by(world.users, lead.owner)), until: new Date(Date.parse(lead._assigned) + 7_200_000).toISOString() } : null,
			may: { touch: (mine || lead_assign) && open, claim: !lead.owner && open, return: mine && open, assign: lead_assign && open, convert: (mine || lead_assign) && open && lead.status !== 'new', edit: mine || lead_assign },
			phone: lead.phone ? { province: '上海', city: '上海', carrier: '中国移动' } : null,
			summary_min: 20,
		},
	}
}

const card = (world, lead) => ({
	id: lead.id, name: lead.name, company: lead.company, phone: lead.phone, city: lead.city, message: lead.message, score: lead.score, status: lead.status,
	source: { ...named(by(world.sources, lead.source)), grade: by(world.sources, lead.source)?.grade }, assigned_at: lead._assigned, unread: lead._unread ?? false, countdown: countdown(lead),
})

function log(lead, kind, who, data) {
	;(lead._timeline ??= []).unshift({ kind, at: new Date().toISOString(), who: named(who), data })
}

function touch(ctx) {
	const { world, user, body } = ctx
	const lead = row(world, 'lead', ctx.params.id)
	if (lead.owner !== user.id && user.role === 'salesperson') throw new Fail(409, 'protected', `这条线索在保护期内，由${by(world.users, lead.owner)?.name ?? '公海'}负责。`)
	if ([...(body.summary ?? '').trim()].length < 20) throw new Fail(400, 'invalid', '摘要至少 20 个字。', { fields: [{ field: 'summary', code: 'too_short', detail: '摘要至少 20 个字。' }] })
	const changeId = apply(world, 'lead', lead, { status: body.status ?? (lead.status === 'new' ? 'contacting' : lead.status), first_touch_at: lead.first_touch_at ?? new Date().toISOString(), next_follow_up_at: body.next_follow_up_at ?? null }, user)
	const entry = { id: id(), version: 1, kind: body.method, summary: body.summary, lead: lead.id, owner: user.id, at: new Date().toISOString(), created_at: new Date().toISOString() }
	world.tables.activity.unshift(entry)
	log(lead, 'activity', user, { method: body.method, summary: body.summary })
	world.tell('lead.touched', { object: 'lead', record: lead.id, owner: lead.owner })
	return { ...shown(lead), _change: changeId }
}

function decision(world, lead, kind, owner, reason) {
	const others = world.sellers.slice(0, 8)
	const decided = {
		id: id(), at: new Date().toISOString(), kind, owner: named(owner), pool: world.pools[0], policy_version: 3, reason,
		candidates: others.slice(0, 3).map((u, n) => ({ user: u.id, name: u.name, score: 82 - n * 9, parts: { weight: 5 - n, load: 3 - n, idle: 46 - n * 12 } })),
		candidates_total: 3,
		dropped_by: { territory: 1, load: 1, off_hours: 1, absent: 1, frozen: 1 },
		dropped: [['territory', '区域不含上海市'], ['load', '手上有 3 条未联系线索'], ['off_hours', '班次 18:00 结束'], ['absent', '今天缺勤'], ['frozen', '熔断至 18:00']].map(([rule, detail], n) => ({ user: others[n + 3]?.id ?? others[0].id, name: (others[n + 3] ?? others[0]).name, rule, detail })),
	}
	;(lead._assignments ??= []).unshift(decided)
	log(lead, 'assignment', null, { kind, owner: named(owner), reason })
	return decided
}

export function give(ctx, lead, to, kind, reason) {
	const { world } = ctx
	const before = lead.owner
	const owner = by(world.users, to) ?? null
	const key = apply(world, 'lead', lead, { owner: owner?.id ?? null, team: owner?.team ?? null }, ctx.user)
	lead._assigned = new Date().toISOString()
	lead._unread = true
	decision(world, lead, kind, owner, reason)
	world.tell(owner ? (before ? 'lead.moved' : 'lead.assigned') : 'lead.waiting', { object: 'lead', record: lead.id, owner: lead.owner, before, data: { why: kind, owner_name: owner?.name } })
	if (owner && owner.id !== ctx.user.id) alert(world, owner.id, before ? 'lead.handed_over' : 'lead.assigned', lead)
	return key
}

export function alert(world, receiver, reason, lead) {
	world.alerts.unshift({ receiver, id: id(), reason, count: 1, at: new Date().toISOString(), object: 'lead', record: lead.id, data: { name: lead.name, company: lead.company }, urgent: true, read_at: null })
	world.tell('alert', { object: 'lead', record: lead.id, owner: receiver, only: receiver })
}

function desk(ctx) {
	const { world, user } = ctx
	const mine = world.leads.filter((l) => l.owner === user.id)
	const cards = mine.filter((l) => !l.first_touch_at).sort((a, b) => (a._assigned < b._assigned ? 1 : -1)).map((l) => card(world, l))
	const top = mine.filter((l) => l.status === 'contacting').slice(0, 3)
	return {
		now: new Date().toISOString(), cards,
		top: [...cards.slice(0, 1).map((c) => ({ lead: c, why: '官网表单来源，剩余时间最短' })), ...top.map((l) => ({ lead: card(world, l), why: `评分 ${l.score}，近 7 天访问官网 4 次` }))].slice(0, 3),
		today: { new: cards.length + 3, touched: 7, missed: 1, due: 4 },
		follow_ups: mine.filter((l) => l.next_follow_up_at && l.status === 'contacting').sort((a, b) => (a.next_follow_up_at < b.next_follow_up_at ? -1 : 1)).slice(0, 8).map((l) => ({ lead: l.id, name: l.name, company: l.company, at: l.next_follow_up_at, overdue: Date.parse(l.next_follow_up_at) < Date.now() })),
		tasks: world.tables.task.filter((x) => x.owner === user.id && !x.done_at).map(shown),
		waiting: table(world, 'lead').filter((l) => !l.owner && l.status === 'new').slice(0, 8).map((l) => ({ id: l.id, name: l.name, company: l.company, pool: named(by(world.pools, l.pool)), waiting_since: l.created_at })),
		frozen_until: null, absent: user.absent ?? false, summary_min: 20,
	}
}

function matches(ctx, body, self) {
	return ctx.world.leads
		.filter((l) => l.id !== self && ((body.phone && l.phone?.endsWith(String(body.phone).replace(/\D/g, '').slice(-11)) && String(body.phone).replace(/\D/g, '').length >= 11) || (body.company && body.company.length > 3 && l.company === body.company)))
		.slice(0, 4)
		.map((l) => {
			const phone = Boolean(body.phone && l.phone?.endsWith(String(body.phone).slice(-8)))
			return { object: 'lead', id: l.id, name: l.name, company: l.company, owner: named(by(ctx.world.users, l.owner)), kinds: phone ? ['phone'] : ['name'], similarity: phone ? 1 : 0.93, weight: phone ? 80 : 45, risk: phone ? 'high' : 'similar' }
		})
}

function check(ctx) {
	const digits = String(ctx.body.phone ?? '').replace(/\D/g, '')
	const faults = digits && digits.length < 7 ? [{ field: 'phone', code: 'phone', detail: '这不是有效的电话号码。' }] : []
	return { items: matches(ctx, ctx.body), phone: digits.length >= 11 ? { e164: `+86${digits.slice(-11)}`, province: '上海', city: '上海', carrier: '中国移动' } : null, faults }
}

function convert(ctx) {
	const { world, body, user } = ctx
	const lead = row(world, 'lead', ctx.params.id)
	const name = body.account?.name ?? lead.company ?? lead.name
	const same = world.tables.account.filter((a) => a.name === name || a.name.slice(0, 6) === name.slice(0, 6))
	if (same.length && !body.account?.id && !body.force_new) throw new Fail(409, 'account_exists', '已有相同的客户，请选择合并到现有客户或仍然新建。', { matches: same.map((a) => ({ object: 'account', id: a.id, name: a.name, company: a.name, owner: named(by(world.users, a.owner)), kinds: ['name'], similarity: 0.95, weight: 60, risk: 'high' })) })
	const account = body.account?.id ? row(world, 'account', body.account.id) : { id: id(), version: 1, name, phone: lead.phone, owner: user.id, created_at: at(0) }
	if (!body.account?.id) world.tables.account.unshift(account)
	const contact = { id: id(), version: 1, name: body.contact?.name ?? lead.name, phone: body.contact?.phone ?? lead.phone, account: account.id, created_at: at(0) }
	world.tables.contact.unshift(contact)
	const opportunity = body.opportunity ? { id: id(), version: 1, ...body.opportunity, account: account.id, owner: user.id, stage: 'contact', created_at: at(0) } : null
	if (opportunity) world.tables.opportunity.unshift(opportunity)
	const key = apply(world, 'lead', lead, { status: 'converted' }, user)
	world.tell('lead.converted', { object: 'lead', record: lead.id, owner: lead.owner })
	return { lead: shown(lead), account, contact, opportunity, change: key }
}

export function leadRoutes({ on }) {
	const lead = (ctx) => row(ctx.world, 'lead', ctx.params.id)
	on('POST', '/leads/check', check)
	on('POST', '/leads/assign', (ctx) => {
		const undos = ctx.body.ids.map((key) => { const l = row(ctx.world, 'lead', key); const was = l.owner; give(ctx, l, ctx.body.to, 'hand_over', '批量移交'); return () => give(ctx, l, was, 'hand_over', '撤销移交') })
		return { done: undos.length, failed: [], change: change(ctx.world, () => undos.forEach((u) => u())) }
	})
	on('GET', '/leads/:id', (ctx) => view(ctx, lead(ctx)))
	on('POST', '/leads/:id/touch', touch)
	on('POST', '/leads/:id/claim', (ctx) => {
		if (lead(ctx).owner) throw new Fail(409, 'already_taken', `已被${by(ctx.world.users, lead(ctx).owner).name}领取。`)
		return { _change: give(ctx, lead(ctx), ctx.user.id, 'claim', '从公海领取'), ...shown(lead(ctx)) }
	})
	on('POST', '/leads/:id/return', (ctx) => ({ _change: give(ctx, lead(ctx), null, 'return', ctx.body.reason), ...shown(lead(ctx)) }))
	on('POST', '/leads/:id/assign', (ctx) => ({ _change: give(ctx, lead(ctx), ctx.body.to, 'hand_over', ctx.body.note || '主管移交'), ...shown(lead(ctx)) }))
	on('POST', '/leads/:id/invalid', (ctx) => ({ _change: apply(ctx.world, 'lead', lead(ctx), { status: 'invalid', invalid_reason: ctx.body.reason }, ctx.user), ...shown(lead(ctx)) }))
	on('POST', '/leads/:id/qualify', (ctx) => ({ _change: apply(ctx.world, 'lead', lead(ctx), { status: 'qualified' }, ctx.user), ...shown(lead(ctx)) }))
	on('POST', '/leads/:id/convert', convert)
	on('GET', '/leads/:id/assignments', (ctx) => {
		const l = lead(ctx)
		if (!l._assignments) decision(ctx.world, l, 'first', by(ctx.world.users, l.owner), '得分最高')
		return { items: l._assignments }
	})
	on('GET', '/leads/:id/timeline', (ctx) => {
		const l = lead(ctx)
		const changes = (l._history ?? []).map((h) => ({ kind: 'change', at: h.at, who: h.who, data: { kind: h.kind, fields: h.fields } }))
		const enquiry = { kind: 'enquiry', at: l.created_at, who: null, data: { message: l.message, page: 'https://example.com/产品/数据采集', source: by(ctx.world.sources, l.source)?.name } }
		const first = { kind: 'assignment', at: l._assigned ?? l.created_at, who: null, data: { kind: 'first', owner: named(by(ctx.world.users, l.owner)), reason: '得分最高' } }
		const talk = l.first_touch_at ? [{ kind: 'activity', at: l.first_touch_at, who: named(by(ctx.world.users, l.owner)), data: { method: 'call', summary: '已与客户沟通需求，确认了设备数量与预算，下周安排演示。' } }] : []
		return { items: [...(l._timeline ?? []), ...changes, ...talk, ...(l.owner && !l._timeline ? [first] : []), enquiry].sort((a, b) => (a.at < b.at ? 1 : -1)), next: null }
	})
	on('GET', '/leads/:id/duplicates', (ctx) => ({ items: matches(ctx, lead(ctx), ctx.params.id) }))
	on('GET', '/desk', desk)
	on('POST', '/desk/seen', (ctx) => (ctx.body.ids.forEach((key) => { const l = ctx.world.leads.find((x) => x.id === key); if (l) l._unread = false }), ctx.status(204), null))
	on('GET', '/alerts', (ctx) => {
		const mine = ctx.world.alerts.filter((a) => a.receiver === ctx.user.id)
		return { items: mine.slice(0, 50).map(({ receiver: _r, ...a }) => a), unread: mine.filter((a) => !a.read_at).length }
	})
	on('POST', '/alerts/read', (ctx) => {
		for (const a of ctx.world.alerts) if (a.receiver === ctx.user.id && (ctx.body.all || ctx.body.ids.includes(a.id))) a.read_at ??= new Date().toISOString()
		ctx.status(204)
	})
	on('POST', '/users/:id/password', (ctx) => { const u = row(ctx.world, 'user', ctx.params.id); u.password = `first-${u.login}`; u.must = true; return { password: u.password } })
	on('POST', '/users/:id/absence', (ctx) => { const u = row(ctx.world, 'user', ctx.params.id); u.absent = ctx.body.absent; return shown(u) })
}
