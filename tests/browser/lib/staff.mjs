// What the tests of administration share: people who can work now, leads in their hands, time that moves.
import { api, assert, token, until } from '../lib.mjs'

const NEW_PASSWORD = 'Browser-Test-2026'

/** The API as administrator. */
export async function admin(base, password) {
	const call = api(base, await token(base, 'admin', password))
	return async (method, path, body) => {
		const answer = await call(method, path, body)
		assert(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
		return answer.body
	}
}

export const advance = (call, by) => call('POST', '/test/clock', { advance: by })

/** People who may get leads now; the clock moves to a working morning when nobody is there. */
export async function freePeople(call, wanted) {
	for (let day = 0; day < 12; day++) {
		const { people } = await call('GET', '/board')
		const free = people.filter((person) => person.state === 'free' && person.untouched === 0 && person.name !== '系统管理员')
		if (free.length >= wanted) return free
		await nextMorning(call)
	}
	throw new Error('nobody works within 12 days')
}

async function nextMorning(call) {
	const { now } = await call('GET', '/test/clock')
	const day = new Date(Date.parse(now) + 32 * 3_600_000).toISOString().slice(0, 10) // tomorrow in Shanghai
	await call('POST', '/test/clock', { to: `${day}T10:00:00+08:00` })
}

/** A fresh lead with a name of its own in somebody's hands. */
export async function leadFor(call, person, company) {
	const lead = await call('POST', '/records/lead', { name: '测试', company, phone: `139${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`, city: '上海市', province: '上海市' })
	await call('POST', `/leads/${lead.id}/assign`, { to: person.id })
	return lead
}

/** Login and password of a person, whatever it was before. */
export async function credentials(call, person) {
	const { login } = await call('GET', `/records/user/${person.id}`)
	const { password } = await call('POST', `/users/${person.id}/password`)
	return { login, password, next: NEW_PASSWORD }
}

export const unique = (word) => `${word}${Date.now().toString(36)}${Math.floor(Math.random() * 1296).toString(36)}`

/** The seconds a countdown on the page shows. */
export async function secondsOf(locator) {
	const text = await locator.locator('.count-time').first().innerText()
	return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

export { until }
