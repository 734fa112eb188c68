// Records of every other object without a line: what is edited and made there waits and arrives once, two edits are shown side by side, what is
// half typed comes back, what was seen is shown with its age; deleting and undoing say that they need a line. (O7, F10)
import { api, arrange, assert, axe, enter, lookAt, person, PHONE, shapes, shot, token, unique, until, WAIT_MS } from './lib.mjs'
import { kept } from './lib/device.mjs'

export async function run({ base, password, browser, check }) {
	const { must, sellers } = await arrange(base, password)
	const [anna] = await sellers(1)
	const who = await person(browser, base, { shape: PHONE })
	let page = who.page
	const { context } = who
	await enter(who, anna)
	const own = api(base, await token(base, anna.login, anna.password))
	const make = (object, fields) => must('POST', `/records/${object}`, { owner: anna.id, ...fields })
	const seen = async (what) => (await kept(page, 'seen')).find((one) => one.what === what)
	const line = (label) => page.locator('.fline').filter({ has: page.locator('.fline-label', { hasText: new RegExp(`^${label}$`) }) })

	async function reopen(path) {
		await page.close()
		page = await context.newPage()
		page.setDefaultTimeout(WAIT_MS)
		await page.goto(path)
	}

	/** Opens a record while there is a line, then takes the line away. */
	async function offlineAt(object, made) {
		await page.goto(`/records/${object}/${made.id}`)
		await page.locator('.fline').first().waitFor()
		await page.evaluate(() => navigator.serviceWorker.ready.then(() => true))
		await until(async () => (await seen(`record/${object}/${made.id}`)) && (await seen(`history/${object}/${made.id}`)) && (await seen('boot')) && seen('objects'), 'the record is kept')
		await context.setOffline(true)
	}

	async function edit(label, text, shown = text) {
		await line(label).locator('.fline-open').click()
		await line(label).locator('input, textarea').fill(text)
		await line(label).getByRole('button', { name: '保存' }).click()
		await line(label).locator('.fline-open', { hasText: shown }).waitFor()
	}

	const account = await make('account', { name: unique('云帆'), city: '上海市' })
	await check('a customer opened lately is shown without a line, with its age and its history', async () => {
		await page.goto('/records/account')
		await page.locator('.table').waitFor()
		await until(() => seen('list/account'), 'the list is kept')
		await offlineAt('account', account)
		await reopen(`/records/account/${account.id}`)
		await page.getByRole('heading', { name: account.name }).waitFor()
		await page.locator('.conn', { hasText: '数据截至' }).waitFor()
		await page.getByText('创建了记录').waitFor()
		await shot(page, 'records-offline')
		await page.goto('/records/account')
		await page.locator('.table', { hasText: account.name }).waitFor()
		await page.locator('.conn', { hasText: '数据截至' }).waitFor()
		await shot(page, 'records-offline-list')
	})

	await check('what was kept never replaces newer (F10)', async () => {
		await context.setOffline(false)
		await offlineAt('account', account)
		const changed = await own('PATCH', `/records/account/${account.id}`, { city: '苏州市' })
		assert(changed.status === 200, JSON.stringify(changed.body))
		await context.setOffline(false)
		await line('城市').locator('.fline-open', { hasText: '苏州市' }).waitFor()
		await until(async () => (await seen(`record/account/${account.id}`)).version === changed.body.version, 'the newer one is kept')
		await context.setOffline(true)
		await reopen(`/records/account/${account.id}`)
		await line('城市').locator('.fline-open', { hasText: '苏州市' }).waitFor()
	})

	await check('an edit waits, outlives a closed tab, and arrives once', async () => {
		await edit('城市', '杭州市')
		await page.locator('.rec-unsent', { hasText: '1 项' }).waitFor()
		await edit('行业', '精密制造')
		await page.locator('.rec-unsent').click()
		const item = page.locator('.unsent')
		await item.waitFor()
		const said = await item.innerText()
		assert(said.includes(account.name) && said.includes('城市: 杭州市') && said.includes('精密制造'), said)
		await page.keyboard.press('Escape')
		await reopen(`/records/account/${account.id}`)
		await line('城市').locator('.fline-open', { hasText: '杭州市' }).waitFor()
		await page.locator('.rec-unsent').waitFor()
		await context.setOffline(false)
		await until(async () => (await must('GET', `/records/account/${account.id}`)).city === '杭州市', 'the edit arrives', 40_000)
		const rows = (await must('GET', `/records/account/${account.id}/history`)).items.filter((row) => row.fields?.city?.[1] === '杭州市')
		assert(rows.length === 1 && rows[0].who.id === anna.id, JSON.stringify(rows))
		await page.locator('.conn-act').waitFor({ state: 'detached' })
	})

	const deal = await make('opportunity', { name: unique('设备'), amount: '1000' })
	await check('an edit that meets another one shows both values field by field, with who and when, and nothing is lost', async () => {
		await offlineAt('opportunity', deal)
		await edit('预计金额', '2500', '2,500')
		await edit('商机名称', `${deal.name}甲`)
		const changed = await own('PATCH', `/records/opportunity/${deal.id}`, { amount: '1800', name: `${deal.name}乙` })
		assert(changed.status === 200, JSON.stringify(changed.body))
		await context.setOffline(false)
		await page.locator('.conn-stuck').click({ timeout: 40_000 })
		await page.locator('.unsent').getByRole('button', { name: '选择保留哪个值' }).click()
		const dialog = page.locator('.dialog', { has: page.locator('.conflict') })
		await dialog.locator('.conflict').nth(1).waitFor()
		const said = await dialog.innerText()
		assert(said.includes(anna.name) && /\d\d:\d\d/.test(said) && said.includes('2,500') && said.includes('1,800') && said.includes(`${deal.name}甲`) && said.includes(`${deal.name}乙`), said)
		await shot(page, 'records-conflict')
		const faults = await axe(page)
		assert(faults.length === 0, faults.join('\n'))
		await dialog.locator('.conflict', { hasText: '预计金额' }).getByText('2,500').click()
		await dialog.locator('.conflict', { hasText: '商机名称' }).getByText(`${deal.name}乙`).click()
		await dialog.getByRole('button', { name: '保存选择' }).click()
		await until(async () => Number((await must('GET', `/records/opportunity/${deal.id}`)).amount) === 2500, 'my amount arrives')
		assert((await must('GET', `/records/opportunity/${deal.id}`)).name === `${deal.name}乙`, 'their name stays')
		await page.keyboard.press('Escape')
	})

	await check('with a line, saving on what somebody else has just changed asks at once and keeps the words', async () => {
		await page.goto(`/records/opportunity/${deal.id}`)
		await line('商机名称').locator('.fline-open').click()
		await line('商机名称').locator('input').fill('我写的')
		let ready = false
		// The news of the other change must not come first.
		await page.route('**/api/v1/records/opportunity/**', async (route) => {
			if (route.request().method() === 'GET') await until(() => ready, 'the edit was sent')
			else ready = true
			await route.continue()
		})
		const changed = await own('PATCH', `/records/opportunity/${deal.id}`, { name: '别人写的' })
		assert(changed.status === 200, JSON.stringify(changed.body))
		await line('商机名称').getByRole('button', { name: '保存' }).click()
		const dialog = page.locator('.dialog', { has: page.locator('.conflict') })
		await dialog.getByText('我写的').waitFor()
		await dialog.getByText('别人写的').waitFor()
		await page.unrouteAll({ behavior: 'wait' })
		await dialog.getByRole('button', { name: '用我的覆盖' }).click()
		await until(async () => (await must('GET', `/records/opportunity/${deal.id}`)).name === '我写的', 'my value arrives')
	})

	await check('a half edited field comes back after the tab was closed', async () => {
		await page.goto(`/records/account/${account.id}`)
		await line('城市').locator('.fline-open').click()
		await line('城市').locator('input').fill('改到一半')
		await reopen(`/records/account/${account.id}`)
		await page.locator('.fline-kept').waitFor()
		assert((await line('城市').locator('input').inputValue()) === '改到一半', 'the text is lost')
		await line('城市').getByRole('button', { name: '取消' }).click()
	})

	await check('a customer made without a line waits, outlives a closed tab, and is there once, with the id made here', async () => {
		const name = unique('离线新建')
		await page.goto('/records/account')
		await page.locator('.table').waitFor()
		await until(() => seen('list/account'), 'the list is kept')
		await context.setOffline(true)
		await reopen('/records/account')
		await page.getByRole('button', { name: '新建客户' }).first().click()
		await page.locator('#create-form input').first().fill(name)
		await page.locator('.dialog button[type=submit]').click()
		await page.locator('#create-form').waitFor({ state: 'detached' })
		await page.locator('.conn-act', { hasText: '1 条' }).click()
		await page.locator('.unsent', { hasText: name }).waitFor()
		const said = await page.locator('.unsent').innerText()
		assert(said.includes('新建客户'), said)
		await shot(page, 'records-made-offline')
		await reopen('/records/account')
		await page.locator('.conn-act', { hasText: '1 条' }).waitFor()
		const [draft] = await kept(page, 'draft')
		await context.setOffline(false)
		const made = await until(async () => (await own('GET', `/records/account/${draft.record}`)).body?.name === name && draft.record, 'it arrives', 40_000)
		const { items } = await must('GET', `/records/account?search=${encodeURIComponent(name)}`)
		assert(items.length === 1 && items[0].id === made && items[0].owner === anna.id, JSON.stringify(items))
		await page.locator('.table', { hasText: name }).waitFor()
	})

	await check('deleting and undoing without a line say so, and are not half done', async () => {
		await page.goto(`/records/account/${account.id}`)
		await edit('城市', '宁波市')
		await page.locator('.toast', { hasText: '已保存' }).waitFor()
		await context.setOffline(true)
		await page.locator('.toast').getByRole('button', { name: '撤销' }).last().click()
		await page.locator('.toast', { hasText: '没有网络时不能删除、恢复或撤销' }).waitFor()
		await page.getByRole('button', { name: '删除' }).click()
		await page.locator('.toast', { hasText: '没有网络时不能删除、恢复或撤销' }).nth(1).waitFor()
		await shot(page, 'records-refused')
		assert((await page.locator('.fline').count()) > 0 && (await page.locator('.conn-act').count()) === 0, 'something was done')
		await context.setOffline(false)
		const now = await must('GET', `/records/account/${account.id}`)
		assert(now.city === '宁波市' && !now.deleted_at, JSON.stringify(now))
	})

	await check('the pages did not complain', async () => assert(who.complaints.length === 0, who.complaints.join('\n')))
	await context.close()

	await lookAt(browser, base, check, anna, `/records/account/${account.id}`, '.fline', 'records-account')
	for (const how of shapes) {
		await check(`an edit that waits is accessible and quiet (${how.name})`, async () => {
			const looker = await person(browser, base, how)
			try {
				await enter(looker, anna)
				await looker.page.goto(`/records/opportunity/${deal.id}`)
				await looker.page.locator('.fline').first().waitFor()
				await until(async () => (await kept(looker.page, 'seen')).some((one) => one.what === `record/opportunity/${deal.id}`), 'the record is kept')
				await looker.context.setOffline(true)
				const name = looker.page.locator('.fline', { hasText: /商机名称|Name/ }).first()
				await name.locator('.fline-open').click()
				await name.locator('input').fill('三十台设备')
				await name.locator('button[type=submit]').click()
				await looker.page.locator('.rec-unsent').waitFor()
				await shot(looker.page, `records-waits-${how.name}`)
				const faults = [...await axe(looker.page), ...looker.complaints]
				assert(faults.length === 0, faults.join('\n'))
			} finally {
				await looker.context.close()
			}
		})
	}
}
