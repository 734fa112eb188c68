// One lead: timeline, inline edit with undo and conflict, why it is whose, hand-over, return, conversion; and the simple pages of
// other objects. (L5, L6, L15, D1, F10)
import { api, arrange, assert, enter, lookAt, person, shot, token, unique, until } from './lib.mjs'

const SUMMARY = '客户确认预算和数量，要求本周内给出正式报价单。'

export async function run({ base, password, browser, check }) {
	const { must, sellers, lead } = await arrange(base, password)
	const [anna, ben] = await sellers(2)
	const who = await person(browser, base)
	const boss = await person(browser, base)
	await enter(who, anna)
	await enter(boss, { login: 'admin', password })
	const own = api(base, await token(base, anna.login, anna.password))
	const { page } = who
	const show = async (someone, made) => {
		await someone.page.goto(`/leads/${made.id}`)
		await someone.page.locator('.rec-body').waitFor()
	}
	const field = (label) => page.locator('.fline', { has: page.locator('.fline-label', { hasText: new RegExp(`^${label}$`) }) })

	const made = await lead(anna)

	await check('highlights tell owner, countdown, protection and source', async () => {
		await show(who, made)
		const text = await page.locator('.high').innerText()
		for (const part of [anna.name, '保护期', '首次联系', '来源', '热度']) assert(text.includes(part), `${part} is missing: ${text}`)
	})

	await check('quick log puts the contact on the timeline and ends the countdown', async () => {
		await page.locator('.line-open').click()
		await page.locator('.line textarea[name=summary]').fill(SUMMARY)
		await page.getByRole('button', { name: '明天 10:00' }).click()
		await page.locator('.line .touch button[type=submit]').click()
		await page.locator('.entry', { hasText: SUMMARY }).waitFor()
		await until(async () => (await page.locator('.path-here').innerText()).includes('跟进中'), 'the status moves on')
		await until(async () => (await page.locator('.high .count').count()) === 0, 'the countdown still runs')
	})

	await check('a field is edited in place, shown to others live, and undone', async () => {
		await show(boss, made)
		await field('姓名').locator('.fline-open').click()
		await page.keyboard.press('Control+a')
		await page.keyboard.type('王新名')
		await page.keyboard.press('Enter')
		await until(async () => (await field('姓名').innerText()).includes('王新名'), 'the new value is shown')
		await boss.page.locator('.rec-head', { hasText: '王新名' }).waitFor()
		await page.locator('.toast button', { hasText: '撤销' }).last().click()
		await until(async () => (await field('姓名').innerText()).includes('测试联系人'), 'undo brings the old value back')
	})

	await check('Escape takes an edit back and returns the focus', async () => {
		await field('公司').locator('.fline-open').click()
		await page.keyboard.type('不要保存')
		await page.keyboard.press('Escape')
		await until(async () => (await field('公司').innerText()).includes(made.company), 'the value changed')
		assert(await page.evaluate(() => document.activeElement?.classList.contains('fline-open')), 'the focus is lost')
	})

	await check('two people change the same field: both values are shown, one is chosen', async () => {
		await field('姓名').locator('.fline-open').click()
		await page.keyboard.press('Control+a')
		await page.keyboard.type('我的名字')
		// The page must not learn of the other change before it saves: its live stream is cut.
		await page.route('**/api/v1/leads/*', (route) => (route.request().method() === 'GET' ? route.abort() : route.continue()))
		const changed = await own('PATCH', `/records/lead/${made.id}`, { name: '别人的名字' })
		assert(changed.status === 200, `the other change was refused: ${JSON.stringify(changed.body)}`)
		await page.waitForTimeout(300)
		await page.unroute('**/api/v1/leads/*')
		await page.keyboard.press('Enter')
		const dialog = page.locator('.dialog', { hasText: '别人的名字' })
		await dialog.waitFor()
		await until(async () => (await dialog.innerText()).includes('我的名字'), 'my value is not shown')
		await shot(page, 'record-conflict')
		await dialog.getByRole('button', { name: '用我的覆盖' }).click()
		await until(async () => (await must('GET', `/leads/${made.id}`)).name === '我的名字', 'my value reaches the server')
	})

	await check('why it is whose is told in plain words', async () => {
		await page.getByRole('tab', { name: '分配', exact: true }).click()
		await page.locator('.why').waitFor()
		const text = await page.locator('.why').innerText()
		assert(/为什么/.test(text) && /第 \d+ 版/.test(text), `no reasons: ${text}`)
		await shot(page, 'record-why')
	})

	await check('a supervisor hands it over; its page tells at once', async () => {
		const moved = await lead(anna)
		await show(who, moved)
		await show(boss, moved)
		await boss.page.getByRole('button', { name: '移交' }).click()
		await boss.page.locator('#assign .pick').click()
		await boss.page.locator('.pick-panel input').fill(ben.name)
		await boss.page.locator('.pick-item', { hasText: ben.name }).first().click()
		await boss.page.locator('.dialog button[type=submit]').click()
		await until(async () => (await boss.page.locator('.high').innerText()).includes(ben.name), 'the new owner is shown')
		await page.locator('.high', { hasText: ben.name }).or(page.getByText('这条线索已不可见')).first().waitFor()
	})

	await check('it is returned to the pool with a reason', async () => {
		const back = await lead(anna)
		await show(who, back)
		await page.locator('.acts').getByRole('button', { name: '更多' }).click()
		await page.getByRole('menuitem', { name: '退回公海' }).click()
		await page.locator('.dialog button[type=submit]').click()
		await page.locator('.dialog .field-fault').waitFor()
		await page.getByRole('button', { name: '不属于我的区域或产品线' }).click()
		await page.locator('.dialog button[type=submit]').click()
		await until(async () => (await must('GET', `/leads/${back.id}`)).owner !== anna.id, 'it has left')
	})

	await check('it becomes customer, contact and opportunity in one step, and the other way by undo', async () => {
		const ripe = await lead(anna, { company: `${unique('转化')}精密仪器有限公司` })
		await must('POST', `/leads/${ripe.id}/assign`, { to: anna.id }).catch(() => undefined)
		await show(who, ripe)
		await page.getByRole('button', { name: '记录联系' }).click()
		await page.locator('.dialog textarea[name=summary]').fill(SUMMARY)
		await page.locator('.dialog .touch button[type=submit]').click()
		await page.getByRole('button', { name: '转化为客户' }).click()
		await page.locator('#convert input[inputmode=decimal]').fill('128000.50')
		await shot(page, 'record-convert')
		await page.locator('.dialog button[type=submit]').click()
		await page.waitForURL('**/records/account/**')
		await page.getByRole('heading', { name: ripe.company }).waitFor()
		assert((await must('GET', `/leads/${ripe.id}`)).status === 'converted', 'the lead is not converted')
		await page.locator('.toast button', { hasText: '撤销' }).last().click()
		await until(async () => (await must('GET', `/leads/${ripe.id}`)).status !== 'converted', 'undo takes the conversion back')
	})

	await check('a lead that is not there says so and shows the way back', async () => {
		await page.goto('/leads/01900000-0000-7000-8000-000000000000')
		await page.getByText('这条线索已不可见').waitFor()
		await page.getByRole('link', { name: '回到线索列表' }).click()
		await page.waitForURL('**/leads')
	})

	await check('customers, contacts, opportunities, activities and tasks have list, form and page', async () => {
		for (const object of ['account', 'contact', 'opportunity', 'activity', 'task']) {
			await boss.page.goto(`/records/${object}`)
			await boss.page.locator('.table, .empty').first().waitFor()
		}
		const name = unique('任务')
		await boss.page.getByRole('button', { name: '新建任务' }).first().click()
		await boss.page.locator('#create-form input').first().fill(name)
		await boss.page.locator('.dialog button[type=submit]').click()
		await boss.page.getByRole('heading', { name }).waitFor()
		await boss.page.getByRole('button', { name: '完成任务' }).click()
		await until(async () => (await boss.page.getByRole('button', { name: '完成任务' }).count()) === 0, 'the task is done')
	})

	await check('the history of a customer and of a lead begins with who created it', async () => {
		const first = (await must('GET', '/records/account?limit=1&sort=created_at')).items[0]
		await boss.page.goto(`/records/account/${first.id}`)
		await boss.page.getByText('创建了记录').waitFor()
		await shot(boss.page, 'record-history')
		const typed = await must('POST', '/records/lead', { name: unique('自录'), phone: `139${String(Date.now()).slice(-8)}` })
		await boss.page.goto(`/leads/${typed.id}`)
		await boss.page.getByText('创建了线索').waitFor()
	})

	await check('the pages did not complain', () => {
		const all = [...who.complaints, ...boss.complaints]
		assert(all.length === 0, all.join('\n'))
	})
	await who.context.close()
	await boss.context.close()
	await lookAt(browser, base, check, anna, `/leads/${made.id}`, '.rec-body', 'record')
	await lookAt(browser, base, check, anna, '/records/account', '.table, .empty', 'accounts')
}
