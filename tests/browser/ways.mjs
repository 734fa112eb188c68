// A way on from where nothing is: records and lists that do not exist, a server that fails, a house without data.
import { assert, person, PHONE, signIn, until } from './lib.mjs'

const NOBODY = '01980000-0000-7000-8000-000000000000'
const FAILED = { status: 500, contentType: 'application/problem+json', body: JSON.stringify({ code: 'internal', status: 500, detail: '服务器出错了' }) }

export async function run({ base, password, browser, check }) {
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)

	await check('a record that is not there says so and leads back to its list', async () => {
		for (const id of [NOBODY, 'not-an-id']) {
			await page.goto(`/records/account/${id}`)
			await page.getByText('它可能已被删除，或者您没有查看它的权限。').waitFor()
			assert((await page.getByRole('button', { name: '重试' }).count()) === 0, 'trying again would not help')
		}
		await page.getByRole('link', { name: '返回列表' }).last().click()
		await page.waitForURL('**/records/account')
	})

	await check('a list that is not there offers nothing to make, only the way back', async () => {
		await page.goto('/records/nothing')
		await page.getByRole('heading', { name: '没有这个列表' }).waitFor()
		assert((await page.getByRole('button', { name: /新建|回收站/ }).count()) === 0, 'there is nothing to make')
		await page.getByRole('link', { name: '返回工作台' }).click()
		await page.waitForURL((url) => url.pathname === '/')
	})

	await check('a failing server is told once, and trying again loads all of the page', async () => {
		await page.route(/\/api\/v1\/(objects|records)\/account/, (route) => route.fulfill(FAILED))
		await page.goto('/records/account')
		await page.getByText('服务器出错了').first().waitFor()
		await until(async () => (await page.locator('.error').count()) === 1, 'it is told once')
		await page.unroute(/\/api\/v1\/(objects|records)\/account/)
		await page.getByRole('button', { name: '重试' }).click()
		await page.locator('.table-link').first().waitFor()
	})

	await check('a list of imports that failed to load is not called empty', async () => {
		await page.route(/\/api\/v1\/imports/, (route) => route.fulfill(FAILED))
		await page.goto('/import')
		await page.getByText('服务器出错了').waitFor()
		assert((await page.getByText('还没有导入过文件').count()) === 0, 'nobody knows whether there are any')
		await page.unroute(/\/api\/v1\/imports/)
		await page.getByRole('button', { name: '重试' }).click()
		await page.getByText('服务器出错了').waitFor({ state: 'detached' })
	})

	await check('without leads and receipts the pages say where they come from', async () => {
		await page.route(/\/api\/v1\/(records\/lead|intake\/receipts)(\?|$)/, (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"items":[],"next":null}' }))
		await page.goto('/leads')
		await page.getByText('还没有线索').waitFor()
		for (const [name, path] of [['导入文件', '/import'], ['接入来源', '/settings/sources']]) assert((await page.getByRole('link', { name, exact: true }).last().getAttribute('href')) === path, `${name} leads to ${path}`)
		await page.goto('/intake')
		await page.getByText('还没有进线').waitFor()
		await page.getByRole('link', { name: '接入来源' }).click()
		await page.waitForURL('**/settings/sources')
		await page.unroute(/\/api\/v1\/(records\/lead|intake\/receipts)(\?|$)/)
	})

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()

	await check('the people of the first steps fit on a phone', async () => {
		const view = await person(browser, base, { shape: PHONE })
		await signIn(view.page, 'admin', password)
		await view.page.goto('/setup')
		await view.page.locator('.setup-step').nth(1).click()
		const card = await view.page.locator('.setup-card').boundingBox()
		for (const box of await view.page.locator('.quick-row input').all()) {
			const at = await box.boundingBox()
			assert(at.x + at.width <= card.x + card.width, `a field ends at ${at.x + at.width}, its card at ${card.x + card.width}`)
		}
		await view.context.close()
	})
}
