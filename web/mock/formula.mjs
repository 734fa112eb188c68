// Enough of the formula language for lists: comparisons, AND/OR/NOT/IN/CONTAINS/STARTS_WITH/ISBLANK, text, numbers, TRUE/FALSE/BLANK().
import { Fail } from './http.mjs'

const TOKEN = /\s*(?:("(?:[^"]|"")*")|(\d+(?:\.\d+)?)|([A-Za-z_][\w.]*)|(<=|>=|!=|<>|[=<>(),!]))/y

function tokens(text) {
	const out = []
	TOKEN.lastIndex = 0
	while (TOKEN.lastIndex < text.trimEnd().length) {
		const at = TOKEN.lastIndex
		const hit = TOKEN.exec(text)
		if (!hit) throw new Fail(400, 'bad_formula', `公式第 ${at + 1} 个字符处无法理解。`)
		if (hit[1] !== undefined) out.push({ kind: 'value', value: hit[1].slice(1, -1).replaceAll('""', '"') })
		else if (hit[2] !== undefined) out.push({ kind: 'value', value: Number(hit[2]) })
		else if (hit[3] !== undefined) out.push({ kind: 'word', value: hit[3] })
		else out.push({ kind: 'sign', value: hit[4] })
	}
	return out
}

let meNow = null
const blank = (v) => v === null || v === undefined || v === ''
const FUNCTIONS = {
	AND: (...a) => a.every(Boolean),
	OR: (...a) => a.some(Boolean),
	NOT: (a) => !a,
	IN: (a, ...list) => list.includes(a),
	ISBLANK: blank,
	BLANK: () => null,
	ME: () => meNow,
	HOURS_SINCE: (a) => (blank(a) ? null : Math.floor((Date.now() - Date.parse(a)) / 3_600_000)),
	CONTAINS: (a, b) => String(a ?? '').includes(b),
	STARTS_WITH: (a, b) => String(a ?? '').startsWith(b),
	TODAY: () => new Date(new Date().setHours(0, 0, 0, 0)).toISOString(),
	NOW: () => new Date().toISOString(),
	DAYS_SINCE: (a) => (blank(a) ? null : Math.floor((Date.now() - Date.parse(a)) / 86_400_000)),
	DATE: (a) => a,
	DATETIME: (a) => a,
}

const COMPARE = {
	'=': (a, b) => (blank(a) && blank(b)) || a === b,
	'!=': (a, b) => !COMPARE['='](a, b),
	'<>': (a, b) => !COMPARE['='](a, b),
	'<': (a, b) => !blank(a) && a < b,
	'>': (a, b) => !blank(a) && a > b,
	'<=': (a, b) => !blank(a) && a <= b,
	'>=': (a, b) => !blank(a) && a >= b,
}

/** A test of one record; `me` is who asks. */
export function compile(text, me = null) {
	const list = tokens(text)
	let at = 0
	const take = (value) => list[at]?.value === value && list[at].kind === 'sign' && (at++, true)
	function atom() {
		const token = list[at++]
		if (!token) throw new Fail(400, 'bad_formula', '公式不完整。')
		if (token.kind === 'value') return () => token.value
		if (token.value === '(') {
			const inner = comparison()
			take(')')
			return inner
		}
		if (token.kind !== 'word') throw new Fail(400, 'bad_formula', `不应出现 ${token.value}。`)
		if (take('(')) {
			const call = FUNCTIONS[token.value.toUpperCase()]
			if (!call) throw new Fail(400, 'bad_formula', `没有名为 ${token.value} 的函数。`)
			const args = []
			while (!take(')')) {
				args.push(comparison())
				if (!take(',') && list[at]?.value !== ')') throw new Fail(400, 'bad_formula', '缺少右括号。')
			}
			return (r) => call(...args.map((arg) => arg(r)))
		}
		if (/^true$/i.test(token.value)) return () => true
		if (/^false$/i.test(token.value)) return () => false
		if (/^null$/i.test(token.value)) return () => null
		return (r) => r[token.value]
	}
	function comparison() {
		const left = atom()
		const sign = list[at]
		if (sign?.kind === 'word' && /^in$/i.test(sign.value)) {
			at++
			if (!take('(')) throw new Fail(400, 'bad_formula', 'IN 之后缺少括号。')
			const members = []
			while (!take(')')) members.push(comparison()), take(',')
			return (r) => members.some((m) => m(r) === left(r))
		}
		if (sign?.kind !== 'sign' || !COMPARE[sign.value]) return left
		at++
		const right = atom()
		return (r) => COMPARE[sign.value](left(r), right(r))
	}
	const whole = comparison()
	if (at < list.length) throw new Fail(400, 'bad_formula', '公式多出了内容。')
	return (r) => {
		meNow = me
		return whole(r)
	}
}
