// The first-run wizard, to the test lead that is watched arriving.
import { assert, axe, person, shot, signIn, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { company } = await call('GET', '/boot')
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	await page.goto('/setup')
	const step = (name) => page.locator('.setup-step').filter({ hasText: name }).click()

	await check('the company is named', async () => {
		await step('公司')
		const box = page.getByLabel(/公司名称/)
		await box.fill(' ')
		await page.getByRole('button', { name: '下一步' }).click()
		await page.getByText('请填写公司名称').waitFor()
		await box.fill(company || '测试公司')
		await page.getByRole('button', { name: '下一步' }).click()
		await page.getByRole('heading', { name: '谁来跟进线索' }).waitFor()
		assert((await call('GET', '/boot')).company === (company || '测试公司'), 'the name was kept')
	})

	await check('what was typed into the steps outlives a reload', async () => {
		const line = page.locator('.kept-line')
		await page.getByLabel('姓名 1').fill('半途的人')
		await until(async () => page.evaluate(() => JSON.stringify({ ...localStorage }).includes('半途的人')), 'the row is kept')
		await page.goto('/setup')
		await step('公司')
		await page.getByLabel(/公司名称/).fill('半途的公司')
		await until(async () => page.evaluate(() => JSON.stringify({ ...localStorage }).includes('半途的公司')), 'the name is kept')
		await page.reload()
		await step('公司')
		await line.waitFor()
		assert((await page.getByLabel(/公司名称/).inputValue()) === '半途的公司', 'the company is lost')
		await line.getByRole('button', { name: '放弃' }).click()
		await until(async () => (await page.getByLabel(/公司名称/).inputValue()) === (company || '测试公司'), 'it is as it was')
		await step('人员')
		await line.waitFor()
		assert((await page.getByLabel('姓名 1').inputValue()) === '半途的人', 'the person is lost')
		await shot(page, 'setup-begun')
		await line.getByRole('button', { name: '放弃' }).click()
		await until(async () => (await page.getByLabel('姓名 1').inputValue()) === '' && (await page.getByLabel('姓名 3').count()) === 1, 'three empty rows')
	})

	await check('people are added in quick rows; a bad row stays with its reason', async () => {
		const login = unique('w')
		await page.getByLabel('姓名 1').fill('向导新人')
		await page.getByLabel('登录名 1').fill(login)
		await page.getByLabel('姓名 2').fill('没有登录名')
		await page.getByRole('button', { name: '添加这些人员' }).click()
		await page.getByText('姓名和登录名都要填写').waitFor()
		await until(async () => (await page.locator('.quick-made pre').innerText()).includes(login), 'the password list names the login')
		await page.getByRole('button', { name: '下一步' }).click()
	})

	await check('the source shows its embed code', async () => {
		await until(async () => (await page.locator('pre').filter({ hasText: 'widget.js' }).innerText()).includes('data-source='), 'no embed code')
		await page.getByRole('button', { name: '下一步' }).click()
	})

	await check('a test lead is sent and seen arriving', async () => {
		await page.getByRole('button', { name: '发送测试线索' }).click()
		const card = page.locator('.arrived')
		await card.waitFor()
		const lead = await call('GET', `/records/lead/${await card.getAttribute('data-lead')}`)
		assert(lead.company === '测试公司', JSON.stringify(lead))
		await shot(page, 'setup-arrived')
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	})

	await check('done leads to the board', async () => {
		await page.getByRole('button', { name: '完成，开始使用' }).click()
		await page.waitForURL('**/board')
		assert((await call('GET', '/boot')).setup_done, 'the house is not set up')
	})

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()
}
