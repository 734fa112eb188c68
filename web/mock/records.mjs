// /records, /count, /changes, /objects, /expr/check
import { objects } from './catalogue.mjs'
import { countdown } from './data.mjs'
import { compile } from './formula.mjs'
import { Fail, id } from './http.mjs'

/** A record as the API shows it; a lead carries its clock as fields too. */
export function shown(row) {
	const own = Object.fromEntries(Object.entries(row).filter(([key]) => !key.startsWith('_')))
	if (!('first_touch_at' in row)) return own
	const { state, respond_by } = countdown(row)
	return { ...own, clock: state, respond_by, assigned_at: row._assigned ?? null, duplicate_mark: row.duplicate_mark ?? 'none' }
}

export function table(world, object) {
	const rows = world.tables[object]
	if (!rows) throw new Fail(404, 'no_object', `没有名为 ${object} 的对象。`)
	return rows
}

export function row(world, object, key) {
	const found = table(world, object).find((r) => r.id === key)
	if (!found) throw new Fail(404, 'not_found', '记录不存在，或您没有查看权限。')
	return found
}

/** Remembers how to take something back; the answer is the id of the change. */
export function change(world, undo) {
	const key = id()
	world.changes.set(key, undo)
	return key
}

export function apply(world, object, target, fields, who) {
	const before = Object.fromEntries(Object.keys(fields).map((key) => [key, target[key] ?? null]))
	Object.assign(target, fields)
	target.version++
	;(target._history ??= []).unshift({ change: id(), at: new Date().toISOString(), who: { id: who.id, name: who.name }, cause: 'user', kind: 'updated', fields: Object.fromEntries(Object.keys(fields).map((key) => [key, [before[key], fields[key]]])) })
	world.tell('record.updated', { object, record: target.id, owner: target.owner ?? null, data: {} })
	return change(world, () => apply(world, object, target, before, who))
}

function sorter(sort) {
	const keys = (sort || '-created_at').split(',').map((key) => [key.replace('-', ''), key.startsWith('-') ? -1 : 1])
	return (a, b) => {
		for (const [key, way] of keys) {
			const [x, y] = [a[key] ?? '', b[key] ?? '']
			if (x !== y) return (x < y ? -1 : 1) * way
		}
		return a.id < b.id ? -1 : 1
	}
}

function mayRead(ctx, object, r) {
	if (object !== 'lead' || ctx.user.role === 'administrator') return true
	if (ctx.user.role === 'supervisor') return !r.owner || r.team === ctx.user.team
	return !r.owner || r.owner === ctx.user.id
}

let cached = { key: '', rows: [] }

function select(ctx, object) {
	const { world, query } = ctx
	const key = JSON.stringify([object, query.filter, query.sort, query.search, query.bin, ctx.user.id, world.seq])
	if (cached.key === key) return cached.rows
	const test = query.filter ? compile(query.filter, ctx.user.id) : () => true
	const text = query.search?.toLowerCase()
	const hit = (r) => !text || ['name', 'company', 'phone', 'email', 'summary'].some((f) => String(r[f] ?? '').toLowerCase().includes(text))
	const rows = (query.bin ? [...world.bin.values()].filter((b) => b.object === object).map((b) => b.row) : table(world, object)).filter((r) => mayRead(ctx, object, r) && test(r) && hit(r))
	cached = { key, rows: rows.sort(sorter(query.sort)) }
	return cached.rows
}

function list(ctx) {
	const rows = select(ctx, ctx.params.object)
	const limit = Math.min(200, Number(ctx.query.limit) || 50)
	const from = ctx.query.after ? rows.findIndex((r) => r.id === ctx.query.after) + 1 : 0
	const items = rows.slice(from, from + limit)
	return { items: items.map(shown), next: from + limit < rows.length ? items.at(-1).id : null }
}

export function remove(ctx, object, key) {
	const { world } = ctx
	const rows = table(world, object)
	const found = row(world, object, key)
	rows.splice(rows.indexOf(found), 1)
	world.bin.set(key, { object, row: found })
	world.tell('record.deleted', { object, record: key, owner: found.owner ?? null })
	return found
}

export function restore(ctx, object, key) {
	const { world } = ctx
	const binned = world.bin.get(key)
	if (!binned) throw new Fail(404, 'not_found', '回收站里没有这条记录。')
	world.bin.delete(key)
	table(world, object).unshift(binned.row)
	world.tell('record.restored', { object, record: key, owner: binned.row.owner ?? null })
}

function batch(ctx) {
	const { action, ids, fields } = ctx.body
	const { object } = ctx.params
	const undos = []
	const failed = []
	for (const key of ids) {
		try {
			if (action === 'delete') remove(ctx, object, key), undos.push(() => restore(ctx, object, key))
			else if (action === 'restore') restore(ctx, object, key), undos.push(() => remove(ctx, object, key))
			else undos.push(ctx.world.changes.get(apply(ctx.world, object, row(ctx.world, object, key), fields, ctx.user)))
		} catch (error) {
			failed.push({ id: key, code: error.problem?.code ?? 'error', detail: error.message })
		}
	}
	return { done: undos.length, failed, change: change(ctx.world, () => undos.forEach((undo) => undo())) }
}

function checkFields({ phone }) {
	if (phone && !/^\+?[\d -]{6,20}$/.test(phone)) throw new Fail(400, 'invalid_fields', '有字段不符合要求。', { fields: [{ field: 'phone', code: 'bad_phone', detail: '这不是有效的电话号码。' }] })
}

function update(ctx) {
	const found = row(ctx.world, ctx.params.object, ctx.params.id)
	const wanted = ctx.headers['if-match']?.replaceAll('"', '')
	if (wanted && Number(wanted) !== found.version) throw new Fail(412, 'version', '这条记录刚被别人修改过。', { version: found.version })
	checkFields(ctx.body)
	const _change = apply(ctx.world, ctx.params.object, found, ctx.body, ctx.user)
	return { ...shown(found), _change }
}

function create(ctx) {
	checkFields(ctx.body)
	const { object } = ctx.params
	const made = { id: id(), version: 1, created_at: new Date().toISOString(), ...(object === 'lead' ? { status: 'new', owner: ctx.user.id, team: ctx.user.team, first_touch_at: null, score: 40, source: ctx.world.sources[0].id, pool: null, _assigned: new Date().toISOString() } : { owner: ctx.user.id }), ...ctx.body }
	table(ctx.world, object).unshift(made)
	ctx.world.tell('record.created', { object, record: made.id, owner: made.owner ?? null })
	return { ...shown(made), _change: change(ctx.world, () => remove(ctx, object, made.id)), duplicates: [] }
}

export function recordRoutes({ on }) {
	on('GET', '/objects', () => ({ objects }))
	on('GET', '/objects/:object', (ctx) => objects.find((o) => o.name === ctx.params.object) ?? { objects: [] })
	on('POST', '/expr/check', (ctx) => (compile(ctx.body.text), { type: 'bool', text: ctx.body.text, ast: null }))
	on('GET', '/records/:object', list)
	on('POST', '/records/:object', (ctx) => (ctx.status(201), create(ctx)))
	on('POST', '/records/:object/batch', batch)
	on('GET', '/records/:object/:id', (ctx) => shown(row(ctx.world, ctx.params.object, ctx.params.id)))
	on('PATCH', '/records/:object/:id', update)
	on('DELETE', '/records/:object/:id', (ctx) => (remove(ctx, ctx.params.object, ctx.params.id), { change: change(ctx.world, () => restore(ctx, ctx.params.object, ctx.params.id)) }))
	on('POST', '/records/:object/:id/restore', (ctx) => (restore(ctx, ctx.params.object, ctx.params.id), { change: null }))
	on('GET', '/records/:object/:id/history', (ctx) => ({ items: row(ctx.world, ctx.params.object, ctx.params.id)._history ?? [], next: null }))
	on('GET', '/count/:object', (ctx) => {
		const count = select(ctx, ctx.params.object).length
		return { count: Math.min(count, 10_000), more: count > 10_000 }
	})
	on('POST', '/changes/:id/undo', (ctx) => {
		const undo = ctx.world.changes.get(ctx.params.id)
		if (!undo) throw new Fail(409, 'undo', '这次变更之后又有新的修改，无法撤销。')
		ctx.world.changes.delete(ctx.params.id)
		undo()
		return { change: id() }
	})
}
