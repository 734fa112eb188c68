// The day of a team: the report with the leads behind its figures, leads that returned and are claimed; accessible in all variants.
import { assert, axe, DESKTOP, person, PHONE, shot, signIn, until } from './lib.mjs'
import { admin, advance, freePeople, leadFor, unique } from './lib/staff.mjs'

const SUMMARY = '电话沟通了需求，客户希望下周看演示并提供报价方案。'

/** A lead that somebody touched and then left alone until it returned. */
async function returned(call) {
	const me = await call('GET', '/me')
	const company = unique('久未跟进')
	const lead = await leadFor(call, me, company)
	await call('POST', `/leads/${lead.id}/touch`, { method: 'call', summary: SUMMARY })
	const { policy } = await call('GET', '/policy')
	await call('PUT', '/policy', { policy: { ...policy, return_days: 3, return_warn_days: 1, cooling_days: 0 }, note: '三天' })
	await advance(call, '24h')
	const view = (await call('GET', `/leads/${lead.id}`))._view
	assert(view.returns_at, 'the lead says when it returns')
	return { lead, company, policy }
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)

	await check('a lead without follow-up says when it returns, returns, and is claimed from the page', async () => {
		const { lead, company, policy } = await returned(call)
		await page.goto(`/leads/${lead.id}`)
		await page.getByText('无跟进时').waitFor()
		await page.goto('/shelf')
		await advance(call, '72h')
		await until(async () => (await call('GET', `/leads/${lead.id}`)).owner === null, 'it returned')
		const row = page.locator('.shelf-lead').filter({ hasText: company })
		await row.waitFor()
		await shot(page, 'shelf')
		await row.getByRole('button', { name: '领取' }).click()
		await row.waitFor({ state: 'detached' })
		await call('PUT', '/policy', { policy, note: '恢复' })
	})

	await check('a customer without follow-up returns and is claimed from the same page', async () => {
		const me = await call('GET', '/me')
		const name = unique('久未往来')
		const { policy } = await call('GET', '/policy')
		await call('PUT', '/policy', { policy: { ...policy, account_days: 3, account_warn_days: 1, account_pool: policy.fallback_pool, cooling_days: 0 }, note: '客户三天' })
		const account = await call('POST', '/records/account', { name, owner: me.id })
		await page.goto('/shelf')
		await advance(call, '73h')
		await until(async () => (await call('GET', `/records/account/${account.id}`)).owner === null, 'it returned')
		const row = page.locator('.shelf-account').filter({ hasText: name })
		await row.waitFor()
		await shot(page, 'shelf-account')
		await row.getByRole('button', { name: '领取' }).click()
		await row.waitFor({ state: 'detached' })
		assert((await call('GET', `/records/account/${account.id}`)).owner === me.id, 'it is mine again')
		await call('PUT', '/policy', { policy, note: '恢复' })
	})

	await check('the report shows its figures, and the leads behind one of them', async () => {
		const [late] = await freePeople(call, 2)
		await leadFor(call, late, unique('超时'))
		await advance(call, '6m')
		await advance(call, '24h')
		await page.goto('/reports/assignment')
		const row = page.locator('tr').filter({ hasText: late.name })
		await row.getByRole('button', { name: /超时/ }).click()
		await page.locator('.report-lead').first().waitFor()
		await page.getByRole('dialog').getByRole('button', { name: '关闭' }).click()
		await page.locator('.fates-one').first().click()
		await page.locator('.report-lead').first().waitFor()
		await page.getByRole('dialog').getByRole('button', { name: '关闭' }).click()
		await page.getByText(/这段时间进来 .*新线索/).waitFor()
		await page.getByText('指标说明').click()
		await page.getByText(/超时未联系率 =/).waitFor()
		await until(async () => await page.locator('.spark').count() > 0, 'days before are drawn')
	})

	await check('the policy asks for the days and says what a trial would return', async () => {
		await page.goto('/settings/policy')
		await page.locator('input[name=return_days]').fill('1')
		await page.getByText('提前提醒').first().waitFor()
		await page.getByText('客户退回公海').scrollIntoViewIfNeeded()
		await shot(page, 'policy-account')
		await page.getByRole('button', { name: '放弃修改' }).click()
	})

	await check('a geo-fence is pasted, refused where it crosses itself, drawn, and kept', async () => {
		await page.goto('/settings/territories')
		await page.getByRole('button', { name: /新建/ }).first().click()
		const form = page.getByRole('dialog', { name: /新建/ })
		await form.getByLabel(/名称/).fill(unique('围栏'))
		const box = form.locator('.poly-text')
		const polygon = (ring) => JSON.stringify({ type: 'Polygon', coordinates: [ring] })
		await box.fill(polygon([[121, 31], [122, 32], [122, 31], [121, 32], [121, 31]]))
		await form.getByText(/自相交.*121\.5/).waitFor()
		await box.fill(polygon([[121, 31], [122, 31], [122, 32], [121, 32], [121, 31]]))
		await form.getByText(/条在内/).waitFor()
		await shot(page, 'polygon')
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
		await form.getByRole('button', { name: '保存' }).click()
		await form.waitFor({ state: 'detached' })
	})

	await check('a drill shows both runs side by side and writes nothing', async () => {
		const before = (await call('GET', '/count/lead')).count
		await page.goto('/drill')
		await page.locator('input[name=times]').fill('10')
		await page.getByRole('button', { name: '开始演练' }).click()
		await page.getByText(/比实际快/).waitFor()
		const found = await axe(page)
		await shot(page, 'drill')
		assert(found.length === 0, found.join('\n'))
		assert((await call('GET', '/count/lead')).count === before, 'leads were made')
	})

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()

	for (const [name, how] of Object.entries({ light: {}, dark: { theme: 'dark', lang: 'en' }, phone: { shape: PHONE }, 'phone-en': { shape: PHONE, lang: 'en', theme: 'dark' } })) {
		await check(`accessible: ${name}`, async () => {
			const view = await person(browser, base, { shape: DESKTOP, ...how })
			await signIn(view.page, 'admin', password)
			const found = []
			for (const [path, ready] of [['/reports/assignment', '.report'], ['/shelf', '.panel-body > *'], ['/drill', '.drill'], ['/settings/policy', '.pform'], ['/procedure', '.proc']]) {
				await view.page.goto(path)
				await view.page.waitForSelector(ready)
				found.push(...(await axe(view.page)).map((line) => `${path} ${line}`))
				await shot(view.page, `day${path.replaceAll('/', '-')}-${name}`)
			}
			await view.context.close()
			assert(found.length === 0, found.join('\n'))
		})
	}
}
