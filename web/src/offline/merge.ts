/* Edits that were typed on one version of a record and meet another: what nobody else touched goes on silently, what two people changed
 * differently is put before the person, field by field. Nothing typed is ever dropped here without being the same already. */
import type { Draft, Fields, Theirs } from './draft'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/
const blank = (value: unknown) => value === null || value === undefined || value === ''

/** The same for a person: blanks of every kind, a number and its text, one moment written in two ways. */
export function same(a: unknown, b: unknown): boolean {
	if (blank(a) || blank(b)) return blank(a) && blank(b)
	if (typeof a === 'object' || typeof b === 'object') return JSON.stringify(a) === JSON.stringify(b)
	const [x, y] = [String(a).trim(), String(b).trim()]
	return x === y || (TIME.test(x) && TIME.test(y) && Date.parse(x) === Date.parse(y))
}

const pick = (from: Fields, names: string[]): Fields => Object.fromEntries(names.map((name) => [name, from[name] ?? null]))

/** The edit on what the server has now; undefined when nothing of it is left to send. */
export function rebase(draft: Draft, theirs: Theirs): Draft | undefined {
	const left = Object.keys(draft.body).filter((name) => !same(draft.body[name], theirs.values[name]))
	if (left.length === 0) return undefined
	const clash = left.some((name) => !same(theirs.values[name], draft.base?.values[name]))
	const next: Draft = { ...draft, body: pick(draft.body, left), state: clash ? 'conflict' : 'waiting', theirs: undefined, tried: undefined }
	// A conflict keeps its old base: it is what shows which fields clash.
	if (clash) return { ...next, theirs: { ...theirs, values: pick(theirs.values, left) } }
	return { ...next, base: { version: theirs.version, values: pick(theirs.values, left) } }
}

/** The fields that two people changed differently. */
export function clashing(draft: Draft): string[] {
	const { theirs, base } = draft
	return theirs ? Object.keys(draft.body).filter((name) => !same(theirs.values[name], base?.values[name]) && !same(theirs.values[name], draft.body[name])) : []
}

/** The person chose: of the clashing fields those in `mine` are sent, the others stay as they are. Undefined: nothing is left. */
export function resolve(draft: Draft, mine: ReadonlySet<string>): Draft | undefined {
	if (!draft.theirs) return draft
	const lost = clashing(draft).filter((name) => !mine.has(name))
	const names = Object.keys(draft.body).filter((name) => !lost.includes(name))
	if (names.length === 0) return undefined
	return { ...draft, body: pick(draft.body, names), base: { version: draft.theirs.version, values: pick(draft.theirs.values, names) }, state: 'waiting', theirs: undefined }
}

/** Two edits of one record that both wait become one: typed one after the other, they are sent as one. */
export function join(waiting: Draft, later: Draft): Draft {
	const values = { ...later.base?.values, ...waiting.base?.values }
	return {
		...waiting,
		body: { ...waiting.body, ...later.body },
		labels: { ...waiting.labels, ...later.labels },
		base: { version: waiting.base?.version ?? 0, values },
	}
}

/** What is kept once `edit` is typed: it joins the last one of its record that waits here, unless that has gone out. What was typed last is
 * never put into an earlier one: that would be sent before it, and what was typed in between would take its place. */
export function place(edit: Draft, drafts: readonly Draft[]): Draft {
	const before = drafts.findLast((one) => one.act === 'edit' && one.record === edit.record)
	return before?.state === 'waiting' && !before.tried ? join(before, edit) : edit
}

/** The record as it will be when the edits that wait have arrived. */
export function overlay<T extends object>(record: T, drafts: readonly Draft[]): T {
	const edits = drafts.filter((draft) => draft.act === 'edit' && draft.state !== 'refused')
	return edits.length === 0 ? record : Object.assign({}, record, ...edits.map((draft) => draft.body))
}
