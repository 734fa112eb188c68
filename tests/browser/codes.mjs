// QR codes and mailboxes: made and set up by an administrator, used by a visitor with a phone.
import { assert, axe, person, PHONE, shot, signIn, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	const clean = async (where = page) => {
		const found = await axe(where)
		assert(found.length === 0, found.join('\n'))
	}
	const name = unique('展台')
	let link = ''

	await check('a code is made and shown with its link, its files and what came of it', async () => {
		await page.goto('/settings/codes')
		await page.getByRole('button', { name: /新建|添加/ }).first().click()
		const drawer = page.getByRole('dialog')
		await drawer.getByLabel('名称').fill(name)
		const source = (await call('GET', '/records/source?sort=created_at')).items.find((one) => one.key === 'web')
		await drawer.getByLabel('来源').selectOption(source.id)
		await drawer.getByLabel('页面标题').fill('2026 上海工博会')
		await drawer.getByLabel('其他联系方式').fill('400-800-1234')
		await drawer.getByRole('button', { name: /保存|创建/ }).click()
		const square = drawer.getByRole('img', { name })
		await square.waitFor()
		link = (await drawer.locator('pre').filter({ hasText: '/q/' }).first().innerText()).trim()
		assert(/\/q\/[2-9a-z]{8}$/.test(link), link)
		for (const [button, ending] of [['下载 SVG', 'svg'], ['下载 PNG', 'png']]) {
			const [file] = await Promise.all([page.waitForEvent('download'), drawer.getByRole('button', { name: button }).click()])
			assert(file.suggestedFilename() === `${name}.${ending}`, file.suggestedFilename())
		}
		await clean()
		await shot(page, 'codes')
	})

	await check('whoever scans it fills the form on a phone; the lead keeps the code', async () => {
		for (const lang of ['zh', 'en']) {
			const visitor = await person(browser, base, { shape: PHONE, lang })
			await visitor.page.goto(`${new URL(link).pathname}?lang=${lang}`)
			const form = visitor.page.locator('tenon-form')
			await form.getByRole('button', { name: lang === 'zh' ? '提交' : /send|submit/i }).waitFor()
			assert((await visitor.page.locator('h1').innerText()) === '2026 上海工博会', 'the heading')
			assert((await visitor.page.evaluate(() => document.documentElement.scrollWidth)) <= 390, 'it is wider than the phone')
			await clean(visitor.page)
			await shot(visitor.page, `code-phone-${lang}`)
			await visitor.page.waitForFunction(() => performance.now() > 2500)
			const guest = unique(lang)
			await form.locator('input[name=name]').fill(guest)
			await form.locator('input[name=phone]').fill(`1381234${1000 + Math.floor(Math.random() * 8999)}`)
			await visitor.page.waitForFunction((from) => performance.now() > from + 1700, await visitor.page.evaluate(() => performance.now()))
			await form.getByRole('button', { name: lang === 'zh' ? '提交' : /send|submit/i }).click()
			const receipt = (await form.locator('code').innerText()).trim()
			const lead = await until(async () => (await call('GET', `/intake/receipts/${receipt}`)).lead, 'the lead')
			const record = await call('GET', `/records/lead/${lead}`)
			const code = await call('GET', `/records/qr/${record.qr}`)
			assert(code.name === name, 'the lead does not keep the code')
			await visitor.context.close()
		}
	})

	await check('a code that is switched off says so', async () => {
		const [code] = (await call('GET', `/records/qr?search=${encodeURIComponent(name)}`)).items
		await call('PATCH', `/records/qr/${code.id}`, { enabled: false })
		const visitor = await person(browser, base, { shape: PHONE })
		await visitor.page.goto(new URL(link).pathname)
		await visitor.page.getByText('这个二维码已停用').waitFor()
		await visitor.page.getByText('400-800-1234').waitFor()
		await shot(visitor.page, 'code-off')
		await visitor.context.close()
	})

	await check('a mailbox is tried, saved, and tells what is wrong with it', async () => {
		const source = await call('POST', '/records/source', { name: unique('询价邮箱'), key: unique('box').replace(/[^a-z0-9]/gi, '').toLowerCase() || 'box', kind: 'mail' })
		await page.goto('/settings/sources')
		await page.getByText(source.name).first().click()
		const box = page.getByRole('region', { name: '收取邮箱' })
		await box.getByLabel('IMAP 服务器').fill('127.0.0.1')
		await box.getByLabel('端口').fill('1')
		await box.getByLabel('用户名').fill('sales@example.com')
		await box.getByLabel('密码或授权码').fill('geheim')
		await box.getByRole('button', { name: '测试连接' }).click()
		await box.getByText('允许的内网主机').first().waitFor()
		await box.getByText(/本机或内网/).waitFor()
		await box.getByLabel('允许的内网主机').fill('127.0.0.1')
		await box.getByRole('button', { name: '测试连接' }).click()
		await box.getByText(/无法连接服务器/).waitFor()
		await clean()
		await box.getByRole('button', { name: '保存并开始收取' }).click()
		await box.getByText(/收取失败/).waitFor()
		await box.scrollIntoViewIfNeeded()
		await shot(page, 'mailbox')
		assert((await box.getByLabel('密码或授权码').inputValue()) === '', 'the password is shown again')
		const dark = await person(browser, base, { lang: 'en', theme: 'dark', shape: PHONE })
		await call('PATCH', '/me', { language: 'en' }) // the language follows the person
		await signIn(dark.page, 'admin', password)
		await dark.page.goto('/settings/sources')
		await dark.page.getByText(source.name).first().click()
		const region = dark.page.getByRole('region', { name: 'Mailbox' })
		await region.getByText(/Failed at/).waitFor()
		await region.scrollIntoViewIfNeeded()
		await shot(dark.page, 'mailbox-en-dark-phone')
		await dark.page.goto('/settings/codes')
		await dark.page.getByText(name).first().waitFor()
		await shot(dark.page, 'codes-en-dark-phone')
		await call('PATCH', '/me', { language: 'zh' })
		await dark.context.close()
	})

	await check('no page complained', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()
}
