// Intake: what was quarantined is explained, corrected and replayed, one by one and in bulk, with its original time (L3).
import { assert, axe, person, signIn, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

const deliver = async (base, body, type = 'application/json') => {
	const response = await fetch(`${base}/capture/web`, { method: 'POST', headers: { 'Content-Type': type, Prefer: 'wait=5' }, body: typeof body === 'string' ? body : JSON.stringify(body) })
	return response.json()
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	await page.goto('/intake')
	await page.waitForSelector('.strip')
	const find = async (text) => {
		await page.getByRole('tab', { name: /隔离区/ }).click()
		await page.getByRole('textbox', { name: '在原文中查找' }).fill(text)
	}

	await check('a receipt with a bad phone is explained, corrected and taken in with its original time', async () => {
		const name = unique('更正')
		const { receipt } = await deliver(base, { name, phone: '12' })
		await find(name)
		await page.locator('.rtable tbody tr').filter({ hasText: name }).click()
		const drawer = page.getByRole('dialog')
		await drawer.getByRole('heading', { name: '电话无法识别' }).waitFor()
		const raw = drawer.getByRole('textbox', { name: '原文' })
		const before = JSON.parse(await raw.inputValue())
		await raw.fill('{"name":')
		await drawer.getByRole('button', { name: '更正并重放' }).click()
		await drawer.getByText('不是有效的 JSON').waitFor()
		await raw.fill(JSON.stringify({ ...before, phone: '13912345678' }))
		await drawer.getByRole('button', { name: '更正并重放' }).click()
		await drawer.locator('.rcpt-foot').getByText(/已入库|与已有线索重复/).waitFor()
		const now = await call('GET', `/intake/receipts/${receipt}`)
		assert(['taken', 'duplicate'].includes(now.state) && now.lead, JSON.stringify(now))
		await drawer.getByRole('link', { name: '查看线索' }).waitFor()
		await drawer.getByRole('button', { name: '关闭' }).click()
	})

	await check('several are replayed by selection', async () => {
		const name = unique('放行')
		const sent = []
		for (let n = 0; n < 3; n++) sent.push((await deliver(base, { name: `${name}${n}`, phone: `1361234${1000 + Math.floor(Math.random() * 8999)}`, _hp: 'x' })).receipt)
		await find(name)
		await until(async () => (await page.locator('.rtable tbody tr').count()) === 3, 'three rows')
		await page.getByRole('checkbox', { name: '选择本页全部' }).check()
		await page.getByRole('button', { name: '重放所选' }).click()
		for (const id of sent) await until(async () => ['taken', 'duplicate'].includes((await call('GET', `/intake/receipts/${id}`)).state), `receipt ${id} is taken in`)
	})

	await check('all of one reason are replayed at once', async () => {
		const name = unique('全部')
		const { receipt } = await deliver(base, { name, phone: `1371234${1000 + Math.floor(Math.random() * 8999)}`, _hp: 'x' })
		await find('')
		await page.getByRole('combobox', { name: '隔离原因' }).selectOption('suspected_bot')
		await page.getByRole('button', { name: /重放全部/ }).click()
		await until(async () => ['taken', 'duplicate'].includes((await call('GET', `/intake/receipts/${receipt}`)).state), 'it is taken in')
	})

	await check('a body that is no JSON is shown as it came', async () => {
		const name = unique('破损')
		await deliver(base, `{"name":"${name}",,}`)
		await find(name)
		await page.getByRole('combobox', { name: '隔离原因' }).selectOption('')
		await page.locator('.rtable tbody tr').filter({ hasText: name }).click()
		const drawer = page.getByRole('dialog')
		await drawer.getByRole('heading', { name: '内容不是有效的 JSON' }).waitFor()
		await until(async () => (await drawer.getByRole('textbox', { name: '原文' }).inputValue()) === `{"name":"${name}",,}`, 'the body was changed')
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	})

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()
}
