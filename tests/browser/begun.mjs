// Forms of the settings: what was typed is there again after Escape, the way back and a reload, except secrets; a save without a line says
// that it did not happen and tries again; on a phone no toast lies on the choices of a sheet.
import { arrange, assert, axe, enter, person, PHONE, shot, signIn, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

const SECRET = 'a-secret-of-the-robot-4711'

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	const form = page.getByRole('dialog')
	const line = form.locator('.kept-line')
	const clean = async () => {
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	}
	const stored = () => page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))
	const gone = () => form.waitFor({ state: 'detached' })
	const service = async () => {
		await page.goto('/settings/services')
		await page.getByRole('button', { name: '添加服务' }).first().click()
		await form.waitFor()
	}

	await check('what was typed about a service is there again after Escape and after the way back', async () => {
		await service()
		await form.getByLabel('类型').selectOption('http')
		await form.getByLabel('名称').fill('半途的服务')
		await page.keyboard.press('Escape')
		await gone()
		await page.getByRole('button', { name: '添加服务' }).first().click()
		await line.waitFor()
		assert((await form.getByLabel('名称').inputValue()) === '半途的服务', 'the name is lost')
		await clean()
		await shot(page, 'begun-service')
		await form.getByLabel('联系方式').fill('400-1')
		await page.goBack()
		await gone()
		await service()
		await line.waitFor()
		assert((await form.getByLabel('联系方式').inputValue()) === '400-1', 'the contact is lost')
	})

	await check('it is given up with one press', async () => {
		await line.getByRole('button', { name: '放弃' }).click()
		await line.waitFor({ state: 'detached' })
		assert((await form.getByLabel('类型').inputValue()) === '', 'the kind stays')
		await page.keyboard.press('Escape')
		await gone()
		await service()
		await form.getByLabel('类型').waitFor()
		assert((await line.count()) === 0, 'it came back')
	})

	await check('a secret is never written to the device, the rest of a channel is', async () => {
		const open = async () => {
			await page.goto('/settings/channels')
			await page.getByRole('button', { name: '添加渠道' }).first().click()
			await form.waitFor()
		}
		const url = form.getByLabel('机器人 Webhook 地址')
		await open()
		await form.getByLabel('类型').selectOption('wecom_robot')
		await form.getByLabel('名称').fill('半途的渠道')
		await url.fill(`https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${SECRET}`)
		await until(async () => (await stored()).includes('半途的渠道'), 'the name is kept')
		assert(!(await stored()).includes(SECRET), 'the secret lies on the device')
		await page.keyboard.press('Escape')
		await gone()
		assert(!(await stored()).includes(SECRET), 'the secret lies on the device after closing')
		await open()
		await line.waitFor()
		assert((await form.getByLabel('名称').inputValue()) === '半途的渠道' && (await url.inputValue()) === '', 'name without secret')
		await line.getByRole('button', { name: '放弃' }).click()
	})

	const name = unique('半途线索池')
	const note = form.getByLabel('说明')
	await check('a settings record outlives a reload; saved, nothing is kept', async () => {
		const open = async () => {
			await page.goto('/settings/pools')
			await page.getByRole('button', { name: /^新建/ }).first().click()
			await form.getByLabel('名称').waitFor()
		}
		await open()
		await form.getByLabel('名称').fill(name)
		await until(async () => (await stored()).includes(name), 'it is kept')
		await open()
		await line.waitFor()
		assert((await form.getByLabel('名称').inputValue()) === name, 'the name is lost')
		await form.getByRole('button', { name: '保存' }).click()
		await gone()
		assert(!(await stored()).includes(name), 'what was saved is still kept')
	})

	const open = async () => {
		await page.goto('/settings/pools')
		await page.getByRole('button', { name }).first().click()
		await note.waitFor()
	}
	const pool = async () => (await call('GET', '/records/pool?limit=200')).items.find((one) => one.name === name)

	await check('a save without a line says that it did not happen, and the same button tries again', async () => {
		await open()
		await note.fill('没有网络时写的')
		await context.setOffline(true)
		await form.getByRole('button', { name: '保存' }).click()
		const alert = form.getByRole('alert').filter({ hasText: '未保存' })
		await alert.waitFor()
		assert((await note.inputValue()) === '没有网络时写的', 'what was typed is lost')
		await shot(page, 'begun-no-line')
		await context.setOffline(false)
		await alert.getByRole('button', { name: '重试' }).click()
		await gone()
		assert((await pool()).note === '没有网络时写的', 'it did not reach the server')
	})

	await check('what somebody else changed meanwhile is not overwritten by what comes back', async () => {
		await open()
		await note.fill('我写的')
		await page.keyboard.press('Escape')
		await gone()
		await call('PATCH', `/records/pool/${(await pool()).id}`, { note: '别人写的' })
		await open()
		await line.getByText('请核对').waitFor()
		await form.getByRole('button', { name: '保存' }).click()
		const choice = page.locator('.dialog', { has: page.locator('.conflict') })
		await choice.getByText('别人写的').waitFor()
		assert((await pool()).note === '别人写的', 'it was overwritten unasked')
		await choice.getByRole('button', { name: '用我的覆盖' }).click()
		await choice.waitFor({ state: 'detached' })
		await until(async () => (await pool()).note === '我写的', 'my choice is saved')
	})

	await check('a policy being edited outlives a reload, and a save of it without a line says so', async () => {
		await page.goto('/settings/policy')
		const box = page.getByRole('checkbox', { name: '区县' })
		const before = await box.isChecked()
		await box.click()
		await page.getByRole('button', { name: '放弃修改' }).waitFor()
		await page.reload()
		await page.getByRole('button', { name: '放弃修改' }).waitFor()
		assert((await box.isChecked()) !== before, 'the change is lost')
		await page.getByRole('button', { name: /^(仍然)?保存/ }).click()
		const why = form.getByRole('textbox')
		await why.fill('离线时的修改')
		await context.setOffline(true)
		await form.getByRole('button', { name: /保存/ }).click()
		await form.getByRole('alert').filter({ hasText: '未保存' }).waitFor()
		assert((await why.inputValue()) === '离线时的修改', 'the reason is lost')
		await context.setOffline(false)
		await form.getByRole('button', { name: '取消' }).click()
		await page.getByRole('button', { name: '放弃修改' }).click()
	})

	await check('on a phone a toast leaves the choices of a sheet free', async () => {
		const { sellers, lead } = await arrange(base, password)
		const [anna] = await sellers(1)
		const phone = await person(browser, base, { shape: PHONE })
		await enter(phone, anna)
		await phone.page.goto('/leads')
		await phone.page.getByRole('button', { name: /新建线索/ }).first().click()
		const sheet = phone.page.locator('.dialog')
		await sheet.locator('.dialog-foot .btn').first().waitFor()
		await lead(anna)
		await phone.page.locator('.toast').first().waitFor()
		const covered = await phone.page.evaluate(() => {
			const toasts = [...document.querySelectorAll('.toast')].map((one) => one.getBoundingClientRect()).filter((one) => one.height > 0)
			const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
			return [...document.querySelectorAll('.dialog :is(button, input, select, textarea)')].filter((one) => toasts.some((toast) => meets(one.getBoundingClientRect(), toast))).length
		})
		await shot(phone.page, 'begun-toast-over-sheet')
		assert(covered === 0, `${covered} controls lie under a toast`)
		await phone.context.close()
	})

	await check('the page has nothing to complain about', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()
}
