// node tools/pictures/take.mjs BASE_URL ADMIN_PASSWORD FOLDER
// The pictures of README and docs, from a running demo with a test clock: same names, sizes and languages each time. Started by make.py.
import { join } from 'node:path'
import { assert, launch, person, PHONE, signIn, speak } from '../../tests/browser/lib.mjs'
import { admin, advance, credentials } from '../../tests/browser/lib/staff.mjs'

const [base, password, folder] = process.argv.slice(2)
const WIDE = { viewport: { width: 1280, height: 800 } }

/** What a visitor's browser says of itself. */
const VISITOR = { 'User-Agent': 'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36', 'Accept-Language': 'zh-CN,zh;q=0.9' }

const ENQUIRIES = [
	{ name: '赵淑芬', company: '无锡科源通塑胶制品有限公司', province: '江苏省', city: '无锡市', phone: '13815582210', message: '我们在比较几家自动上下料供应商，希望本周内上门交流。' },
	{ name: '曾杰', company: '杭州创维源塑胶制品有限公司', province: '浙江省', city: '杭州市', phone: '13644462972', message: '想了解一下 MES 系统的报价和交期，我们是第二条产线扩建。' },
	{ name: '杜俊杰', company: '嘉兴锐捷翔食品股份有限公司', province: '浙江省', city: '嘉兴市', phone: '13910775183', message: '咨询协作机器人的租赁或分期付款方式。' },
]
const MORE = [
	{ name: '彭丽', company: '苏州赛腾精工有限公司', province: '江苏省', city: '苏州市', phone: '13771820045', message: '机床上下料改造，月底前要方案。' },
	{ name: '郭志强', company: '宁波海曙注塑科技有限公司', province: '浙江省', city: '宁波市', phone: '13967830112', message: '两台注塑机配取件机器人，请报价。' },
]
const BROKEN = [
	{ key: 'web', body: { name: '周工', company: '苏州海达精密机械有限公司', phone: '138-0000', city: '苏州', message: '请发一份上下料机器人的资料。' } },
	{ key: 'partner', body: { name: '吴经理', company: '昆山丰业电子有限公司', phone: '12', message: '要报价' } },
	{ key: 'web', body: '{"name":"林女士","phone":"1391234",,}' },
]

const send = async (key, body) => {
	const text = typeof body === 'string' ? body : JSON.stringify(body)
	const response = await fetch(`${base}/capture/${key}`, { method: 'POST', headers: { 'Content-Type': 'application/json', Prefer: 'wait=5', ...VISITOR }, body: text })
	return response.json()
}

/** An enquiry that the policy gives to somebody; then to `to`, if it went to another. */
async function enquiry(call, fields, to) {
	const { lead } = await send('web', fields)
	assert(lead, `${fields.company} became no lead`)
	const owner = (await call('GET', `/records/lead/${lead}`)).owner
	if (to && owner !== to) await call('POST', `/leads/${lead}/assign`, { to })
	return { lead, owner: to ?? owner }
}

/** Signed in as somebody, with nothing of the tests on the screen. */
async function at(browser, call, who, how = {}) {
	const view = await person(browser, base, { shape: WIDE, ...how })
	if (who === 'admin') await signIn(view.page, 'admin', password)
	else {
		const { login, password: first, next } = await credentials(call, who)
		await signIn(view.page, login, first, next)
	}
	await speak(view)
	return view
}

async function take(page, name) {
	await page.evaluate(() => document.fonts.ready)
	// What floats for a moment is not what the picture is about; the mouse marks nothing.
	await page.mouse.move(0, 0)
	await page.addStyleTag({ content: '.toasts{display:none!important}' }).catch(() => undefined)
	await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity))
	await page.screenshot({ path: join(folder, `${name}.png`) })
	console.log(name)
}

/** The desk of whoever the policy gives the first enquiry, with three that run out one after another. */
async function desks(browser, call) {
	const first = await enquiry(call, ENQUIRIES[0])
	const [seller] = (await call('GET', `/records/user?filter=${encodeURIComponent(`id = "${first.owner}"`)}`)).items
	for (const fields of ENQUIRIES.slice(1)) {
		await advance(call, '66s')
		await enquiry(call, fields, seller.id)
	}
	await advance(call, '40s')
	for (const [name, how] of Object.entries({ desk: {}, phone: { shape: PHONE }, 'desk-en-dark': { theme: 'dark', lang: 'en' } })) {
		const { page, context } = await at(browser, call, seller, how)
		await page.goto('/')
		await page.getByText(ENQUIRIES[2].company).first().waitFor()
		await take(page, name)
		await context.close()
	}
	const { page, context } = await at(browser, call, seller)
	await page.goto('/leads')
	await page.getByText(ENQUIRIES[0].company).first().click()
	await page.getByRole('tab', { name: '分配', exact: true }).click()
	await page.locator('.why').waitFor()
	await take(page, 'lead-why')
	await context.close()
}

/** What was not touched in time has moved on, some are frozen for it, one reached for what is another's, and more comes in. */
async function later(browser, call) {
	const { people } = await call('GET', '/board')
	const [rival, ...free] = people.filter((one) => one.state === 'free' && one.untouched < 2)
	await advance(call, '3m')
	const kept = await enquiry(call, MORE[0], free[0].id)
	const view = await at(browser, call, rival)
	await view.page.evaluate((id) => fetch(`/api/v1/leads/${id}/claim`, { method: 'POST' }), kept.lead)
	await view.context.close()
	await advance(call, '1m')
	await enquiry(call, MORE[1], free[1].id)
	for (const { key, body } of BROKEN) await send(key, body)
}

async function office(browser, call) {
	const { page, context } = await at(browser, call, 'admin')
	await page.goto('/board')
	await page.locator('.board').waitFor()
	await page.locator('[data-person]').first().waitFor()
	await take(page, 'board')

	await page.goto('/intake')
	await page.getByRole('tab', { name: /隔离区/ }).click()
	await page.locator('.rtable tbody tr').filter({ hasText: '周工' }).click()
	await page.getByRole('dialog').getByRole('heading', { name: '电话无法识别' }).waitFor()
	await take(page, 'intake')

	await page.goto('/settings/policy')
	await page.getByRole('checkbox', { name: '区县' }).check()
	await page.locator('.trial-warn').waitFor()
	await take(page, 'policy-try')
	await context.close()
}

const { browser, close } = await launch()
try {
	const call = await admin(base, password)
	await desks(browser, call)
	await later(browser, call)
	await office(browser, call)
} finally {
	await close()
}
