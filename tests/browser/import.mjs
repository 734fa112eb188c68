// Import of a file: columns guessed, dry run with bad rows, run with progress (L4); the health of sources (F3, F12).
import { assert, axe, person, PHONE, shot, signIn, speak, unique, until } from './lib.mjs'
import { admin } from './lib/staff.mjs'

const file = (name, lines) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) })
const phone = (n) => `1391${String(Date.now() % 1000).padStart(3, '0')}${String(n).padStart(4, '0')}`

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)

	await check('a file is uploaded, its columns are guessed and one is corrected', async () => {
		await page.goto('/import')
		const who = unique('导入')
		const lines = ['姓名,手机号,公司名称,说明,提交时间', `${who}甲,${phone(1)},云帆,要报价,2026-08-01 09:00`, `${who}乙,12,榫卯,号码不全,2026-08-02`, `${who}丙,${phone(2)},,,九月`, `${who}丁,${phone(3)},星河,下周,2026-08-03`]
		await page.locator('input[type=file]').setInputFiles(file('客户.csv', lines))
		await page.getByRole('heading', { name: '客户.csv' }).waitFor()
		const meaning = page.getByRole('combobox', { name: '含义: 说明' })
		await until(async () => (await page.getByRole('combobox', { name: '含义: 手机号' }).inputValue()) === 'phone', 'the phone was not guessed')
		await until(async () => (await page.getByRole('combobox', { name: '含义: 提交时间' }).inputValue()) === 'at', 'the time was not guessed')
		await meaning.selectOption('message')
		await shot(page, 'import-columns-zh')
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
		await page.getByRole('button', { name: '试运行' }).click()
		await page.getByRole('heading', { name: '有问题的行' }).waitFor()
		const rows = page.locator('.irep-rows tbody tr')
		await until(async () => (await rows.count()) === 2, 'two rows are faulty')
		await rows.filter({ hasText: '电话无法识别' }).filter({ hasText: `${who}乙` }).waitFor()
		await rows.filter({ hasText: '时间无法识别' }).waitFor()
		await shot(page, 'import-dry-run-zh')
		await page.getByRole('button', { name: '导入 4 行' }).click()
		await page.getByText('2 条新线索').waitFor()
		await page.getByText('2 条进入隔离区').waitFor()
		await shot(page, 'import-done-zh')
		const { items } = await call('GET', `/records/lead?search=${encodeURIComponent(who)}`)
		assert(items.length === 2 && items.some((lead) => lead.created_at === '2026-08-01T01:00:00.000Z'), JSON.stringify(items.map((l) => l.created_at)))
	})

	await check('a long run shows progress and can be cancelled', async () => {
		await page.getByRole('button', { name: '再导入一个文件' }).click()
		const lines = ['name,phone', ...Array.from({ length: 60000 }, (_, n) => `Many ${n},137${String(n).padStart(8, '0')}`)]
		await page.locator('input[type=file]').setInputFiles(file('many.csv', lines))
		await page.getByRole('button', { name: '试运行' }).click()
		await page.getByText('每一行都没有问题').waitFor({ timeout: 60_000 })
		await page.getByRole('button', { name: '导入 60,000 行' }).click()
		await page.getByRole('progressbar').waitFor()
		await until(async () => ((await page.getByRole('progressbar').getAttribute('value').catch(() => '0')) ?? '0') > '0', 'progress', 60_000)
		await shot(page, 'import-running-zh')
		await page.getByRole('button', { name: '取消导入' }).click()
		await page.getByText('导入已取消').waitFor()
	})

	await check('the health of sources and the hours of a week are shown', async () => {
		await page.goto('/settings/sources')
		const line = page.locator('.health-line').first()
		await line.click()
		await page.locator('.hmap td').first().waitFor()
		await line.scrollIntoViewIfNeeded()
		await shot(page, 'health-zh')
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	})

	await check('in English, dark and on a phone', async () => {
		const dark = await person(browser, base, { lang: 'en', theme: 'dark' })
		await signIn(dark.page, 'admin', password)
		await speak(dark)
		await dark.page.goto('/import')
		await dark.page.getByText('Drop a CSV').waitFor()
		await dark.page.locator('input[type=file]').setInputFiles(file('leads.csv', ['name,phone', `Ann,${phone(9)}`, 'Bad,12']))
		await dark.page.getByRole('button', { name: 'Dry run' }).click()
		await dark.page.getByRole('heading', { name: 'Faulty rows' }).waitFor()
		await shot(dark.page, 'import-en-dark')
		assert((await axe(dark.page)).length === 0, (await axe(dark.page)).join('\n'))
		await dark.page.goto('/settings/sources')
		await dark.page.locator('.health-line').first().click()
		await dark.page.locator('.hmap').scrollIntoViewIfNeeded()
		await shot(dark.page, 'health-en-dark')
		await dark.context.close()
		const small = await person(browser, base, { shape: PHONE })
		await signIn(small.page, 'admin', password)
		await speak(small)
		await small.page.goto('/import')
		await small.page.locator('input[type=file]').setInputFiles(file('手机.csv', ['姓名,手机', `小屏,${phone(8)}`, '坏,12']))
		await small.page.getByRole('button', { name: '试运行' }).waitFor()
		await shot(small.page, 'import-phone-columns')
		await small.page.getByRole('button', { name: '试运行' }).click()
		await small.page.getByRole('heading', { name: '有问题的行' }).waitFor()
		await shot(small.page, 'import-phone')
		await small.context.close()
	})

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()
}
