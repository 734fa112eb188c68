// Outside services: entered by an administrator, probed at once and by heartbeats, gone down and told of on the page.
import { createServer } from 'node:http'
import { assert, axe, lookAt, person, shot, signIn, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

/** A gateway that answers, until it does not. */
async function gateway() {
	const state = { status: 200 }
	const server = createServer((request, response) => {
		response.statusCode = state.status
		response.end('{"code":"ok"}')
	})
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
	return { state, url: `http://127.0.0.1:${server.address().port}/health`, close: () => server.close() }
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	const partner = await gateway()
	const name = unique('短信网关')
	const clean = async () => {
		await page.locator('.toast').first().waitFor({ state: 'detached', timeout: 20_000 }) // it fades, and lies over the drawer
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	}

	await check('a service is entered with SLA, contact and end; a private address has to be allowed', async () => {
		await page.goto('/settings/services')
		await page.getByRole('button', { name: '添加服务' }).first().click()
		const form = page.getByRole('dialog')
		await form.getByLabel('类型').selectOption('http')
		await form.getByLabel('名称').fill(name)
		await form.getByLabel('地址', { exact: false }).first().fill(partner.url)
		await form.getByLabel('SLA').fill('99.9')
		await form.getByLabel('联系方式').fill('400-800-1234')
		await form.getByLabel('订阅到期').fill('2027-03-01')
		await form.getByRole('button', { name: '保存' }).click()
		await form.locator('.field-fault').first().waitFor()
		await clean()
		await form.getByLabel('允许的主机').fill('127.0.0.1')
		await form.getByRole('button', { name: '保存' }).click()
		await form.getByText('没有中断记录').waitFor()
	})

	await check('a probe at once says how long it took', async () => {
		const form = page.getByRole('dialog')
		await form.getByRole('button', { name: '立即探测' }).click()
		await form.getByText(/正常，\d+ 毫秒/).waitFor()
		await form.getByText('状态码 200').waitFor()
		await clean()
	})

	await check('an outage shows in the list and in the history', async () => {
		const { items } = await call('GET', '/services')
		const id = items.find((one) => one.name === name).id
		assert(items.find((one) => one.id === id).sla === 9990, JSON.stringify(items))
		await call('PATCH', `/services/${id}`, { every_s: 10 })
		partner.state.status = 503
		await until(async () => (await call('GET', `/services/${id}`)).state === 'down', 'the outage', 30_000)
		const form = page.getByRole('dialog')
		await form.getByText('对方的服务暂时不可用（http_503）').first().waitFor()
		await form.getByText('仍在中断').waitFor()
		await shot(page, 'services-drawer')
		await clean()
		await page.goto('/settings/services')
		const row = page.getByRole('row').filter({ hasText: name })
		await row.getByText('中断').first().waitFor()
		await row.getByText('400-800-1234').waitFor()
		await clean()
	})

	await check('it goes away again', async () => {
		await page.getByRole('button', { name }).first().click()
		await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
		await page.getByRole('button', { name }).waitFor({ state: 'detached' })
	})

	await check('the page has nothing to complain about', async () => assert(complaints.length === 0, complaints.join('\n')))
	partner.close()
	await context.close()
	await call('POST', '/services', { kind: 'http', name: unique('接口'), address: 'https://api.example.com/health', sla: 9950, contact: '王工 139-0000-0000', expires_at: '2027-01-10T00:00:00Z' })
	await lookAt(browser, base, check, { login: 'admin', password }, '/settings/services', '.table', 'services')
	await call('PATCH', '/me', { language: 'zh' }) // it follows the person, and others come after this one
}
