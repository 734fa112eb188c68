// Settings: the policy is tried before it is saved and goes back with one press (F4); people, sources, calendars and territories.
import { assert, axe, person, shot, signIn, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

/** Enquiries that name province and city but no district. */
async function withoutDistrict(call, base, n) {
	const company = unique('无区县')
	for (let at = 0; at < n; at++) {
		const body = JSON.stringify({ name: '访客', company: `${company}${at}`, phone: `1${3510000000 + Math.floor(Math.random() * 9e8)}`.slice(0, 11), province: '广东省', city: '深圳市' })
		await fetch(`${base}/capture/web`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
	}
	await until(async () => (await call('GET', '/intake/summary')).today.pending === 0, 'all are taken in')
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	const clean = async () => {
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	}

	await check('a rule that matches nobody is warned of before it is saved; the old version comes back with one press', async () => {
		const before = await call('GET', '/policy')
		await withoutDistrict(call, base, 200)
		await page.goto('/settings/policy')
		await page.getByRole('checkbox', { name: '区县' }).check()
		await page.getByRole('checkbox', { name: '市', exact: true }).uncheck()
		await page.locator('.trial-warn').waitFor()
		await until(async () => /\d+\s?%/.test(await page.locator('.trial-warn').innerText()), 'the warning says how many')
		await clean()
		assert((await call('GET', '/policy')).version === before.version, 'a trial saves nothing')

		await page.getByRole('button', { name: /仍然保存/ }).click()
		const dialog = page.getByRole('dialog')
		await dialog.getByRole('button', { name: /仍然保存/ }).click()
		await dialog.getByText('请写一句修改说明').waitFor()
		await dialog.getByRole('textbox').fill('按区县分配')
		await dialog.getByRole('button', { name: /仍然保存/ }).click()
		await until(async () => (await call('GET', '/policy')).version === before.version + 1, 'the new version is in force')

		await page.getByRole('button', { name: '历史版本' }).click()
		await page.getByRole('button', { name: `恢复此版本 v${before.version}` }).click()
		await until(async () => (await call('GET', '/policy')).version === before.version + 2, 'a third version is in force')
		const now = await call('GET', '/policy')
		assert(JSON.stringify(now.policy) === JSON.stringify(before.policy), 'its content is the old one')
	})

	await check('a policy that two people change at once: neither loses the other\'s change, and whose value counts is asked', async () => {
		const first = (await call('GET', '/policy')).policy
		const other = async (fields) => call('PUT', '/policy', { policy: { ...(await call('GET', '/policy')).policy, ...fields }, note: '同事的修改' })
		const hops = page.getByLabel('最多转手')
		await page.goto('/settings/policy')
		await hops.fill(String(first.hops_max + 1))
		await other({ load_max: first.load_max + 2 })
		const notice = page.locator('.policy-moved')
		await notice.getByText('未联系上限').waitFor()
		assert((await hops.inputValue()) === String(first.hops_max + 1), 'what was typed is gone')
		assert((await page.getByLabel('未联系上限').inputValue()) === String(first.load_max + 2), 'theirs is not in the form')
		await notice.getByRole('button', { name: '知道了' }).click()

		// Left and come back to: it goes on from what is in force by then.
		await page.getByRole('link', { name: '线索', exact: true }).first().click()
		await page.waitForURL('**/leads')
		await other({ hops_max: first.hops_max + 5 })
		await page.goto('/settings/policy')
		await notice.getByText('双方都改了').waitFor()
		await clean()
		await shot(page, 'policy-moved')
		await notice.getByRole('button', { name: '采用对方的值' }).click()
		await until(async () => (await hops.inputValue()) === String(first.hops_max + 5), 'theirs is taken')

		// No news in between: the server refuses what would overwrite.
		await hops.fill(String(first.hops_max + 6))
		await page.getByRole('button', { name: '保存为新版本' }).click()
		const dialog = page.getByRole('dialog')
		await dialog.getByRole('textbox').fill('多转一次')
		const calm = await call('GET', '/policy')
		await page.route('**/api/v1/policy', async (route) => {
			if (route.request().method() !== 'PUT') return route.continue()
			await other({ summary_min: first.summary_min + 1 })
			await route.continue({ headers: { ...route.request().headers(), 'if-match': `"${calm.version}"` } })
		})
		await dialog.getByRole('button', { name: '保存为新版本' }).click()
		await page.locator('.toast', { hasText: '还没有保存' }).waitFor()
		await page.unroute('**/api/v1/policy')
		await until(async () => (await hops.inputValue()) === String(first.hops_max + 6), 'what was typed is gone after the refusal')
		assert((await call('GET', '/policy')).policy.hops_max === first.hops_max + 5, 'it was saved all the same')
		await page.getByRole('button', { name: '放弃修改' }).click()
		await call('PUT', '/policy', { policy: first, note: '恢复' })
	})

	await check('the order of ranks is changed by keys and tried at once', async () => {
		await page.goto('/settings/policy')
		const grip = page.getByRole('button', { name: /移动 权重高的优先/ })
		await grip.focus()
		await page.keyboard.press('ArrowDown')
		await page.locator('.trial-stats').waitFor()
		await until(async () => (await page.locator('.order').last().locator('li').nth(1).innerText()).includes('权重'), 'it did not move')
		assert(await grip.evaluate((el) => el === document.activeElement), 'the focus was lost')
		await page.getByRole('button', { name: '放弃修改' }).click()
	})

	await check('a new person gets a password that is shown once and works', async () => {
		const login = unique('p')
		await page.goto('/settings/people')
		await page.getByRole('button', { name: '新建人员' }).first().click()
		const form = page.getByRole('dialog', { name: /新建/ })
		await form.getByLabel(/姓名/).fill('测试新人')
		await form.getByLabel(/登录名/).fill(login)
		await clean()
		await form.getByRole('button', { name: '保存' }).click()
		const once = page.getByRole('dialog', { name: /初始密码/ })
		const secret = (await once.locator('pre').innerText()).trim()
		await once.getByRole('button', { name: '我已记下' }).click()
		const answer = await fetch(`${base}/api/v1/sessions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login, password: secret }) })
		assert(answer.status === 201, `sign-in with it: ${answer.status}`)
	})

	await check('a login that is taken is refused in words beside its field', async () => {
		await page.goto('/settings/people')
		await page.getByRole('button', { name: '新建人员' }).first().click()
		const form = page.getByRole('dialog', { name: /新建/ })
		await form.getByLabel(/姓名/).fill('重复')
		await form.getByLabel(/登录名/).fill('admin')
		await form.getByRole('button', { name: '保存' }).click()
		await form.locator('.field-fault, .error').first().waitFor()
		await until(async () => (await form.getByLabel(/姓名/).inputValue()) === '重复', 'what was typed is gone')
	})

	await check('a mapping is picked from a sample, saved, and read by the server', async () => {
		const key = unique('map-')
		const name = unique('映射')
		await page.goto('/settings/sources')
		await page.getByRole('button', { name: '新建来源' }).first().click()
		const form = page.getByRole('dialog')
		await form.getByLabel(/名称/).fill(name)
		await form.getByLabel(/标识/).fill(key)
		const sample = { data: { who: { 'n': name }, tel: '13712345678' } }
		await form.getByLabel('试一试').fill(JSON.stringify(sample))
		await form.getByRole('combobox', { name: /data\.who\.n/ }).selectOption('name')
		await form.getByRole('combobox', { name: /data\.tel/ }).selectOption('phone')
		await form.getByText(`→ ${name}`).waitFor()
		await clean()
		await form.getByRole('button', { name: '保存' }).click()
		await form.locator('pre').filter({ hasText: `/capture/${key}` }).first().waitFor()
		const answer = await (await fetch(`${base}/capture/${key}`, { method: 'POST', headers: { 'Content-Type': 'application/json', Prefer: 'wait=5' }, body: JSON.stringify(sample) })).json()
		assert(answer.state === 'taken' || answer.state === 'duplicate', JSON.stringify(answer))
		if (answer.state === 'taken') assert((await call('GET', `/records/lead/${answer.lead}`)).name === name, 'the mapped name')
	})

	await check('a night shift runs into the next day', async () => {
		const name = unique('夜班')
		await page.goto('/settings/calendars')
		await page.getByRole('button', { name: /新建/ }).first().click()
		const form = page.getByRole('dialog')
		await form.getByLabel('名称').fill(name)
		await form.getByLabel('周一 第 1 段开始').fill('22:00')
		await form.getByLabel('周一 第 1 段结束').fill('06:00')
		await form.getByLabel('周一 第 1 段结束').blur()
		await form.getByText('次日', { exact: true }).waitFor()
		await clean()
		await form.getByRole('button', { name: '保存' }).click()
		const made = await until(async () => (await call('GET', `/records/calendar?filter=${encodeURIComponent(`name = "${name}"`)}`)).items[0], 'the calendar is there')
		assert(JSON.stringify(made.week.mon) === '[["22:00","30:00"]]', JSON.stringify(made.week))
	})

	await check('settings that two people changed are settled field by field, and nothing typed is lost', async () => {
		const made = await call('POST', '/records/skill', { name: unique('激光'), kind: 'product', keywords: ['甲'] })
		await page.goto('/settings/territories')
		await page.getByRole('tab', { name: '技能' }).click()
		await page.locator('.table').getByText(made.name).first().click()
		const form = page.getByRole('dialog').first()
		await form.getByLabel(/名称/).fill(`${made.name}我`)
		await call('PATCH', `/records/skill/${made.id}`, { name: `${made.name}他` })
		await form.getByRole('button', { name: '保存' }).click()
		const dialog = page.locator('.dialog', { has: page.locator('.conflict') })
		await dialog.getByText(`${made.name}他`).waitFor()
		await dialog.getByText(`${made.name}我`).waitFor()
		await clean()
		await page.keyboard.press('Escape')
		await dialog.waitFor({ state: 'detached' })
		assert((await form.getByLabel(/名称/).inputValue()) === `${made.name}我`, 'the text is lost')
		await form.getByRole('button', { name: '选择保留哪个值' }).click()
		await dialog.getByRole('button', { name: '用我的覆盖' }).click()
		await until(async () => (await call('GET', `/records/skill/${made.id}`)).name === `${made.name}我`, 'mine is saved')
	})

	await check('a territory is ticked by city and district', async () => {
		const name = unique('区域')
		await page.goto('/settings/territories')
		await page.getByRole('button', { name: '新建区域' }).first().click()
		const form = page.getByRole('dialog')
		await form.getByLabel(/名称/).fill(name)
		await form.getByRole('button', { name: '展开 广东省' }).click()
		await form.getByRole('checkbox', { name: '深圳市' }).check()
		await form.getByRole('textbox', { name: '搜索省、市、区县' }).fill('浦东')
		await form.getByRole('checkbox', { name: /上海市 浦东新区/ }).check()
		await clean()
		await form.getByRole('button', { name: '保存' }).click()
		const made = await until(async () => (await call('GET', `/records/territory?filter=${encodeURIComponent(`name = "${name}"`)}`)).items[0], 'the territory is there')
		assert(JSON.stringify([...made.codes].sort()) === '["310115","4403"]', JSON.stringify(made.codes))
	})

	await check('what is deleted comes back by one press', async () => {
		const name = unique('技能')
		await call('POST', '/records/skill', { name, kind: 'product', keywords: ['甲', '乙'] })
		await page.goto('/settings/territories')
		await page.getByRole('tab', { name: '技能' }).click()
		await page.getByRole('button', { name, exact: true }).click()
		await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
		const row = page.getByRole('button', { name, exact: true })
		await row.waitFor({ state: 'detached' })
		await page.locator('.toast .btn').filter({ hasText: '撤销' }).last().click()
		await row.waitFor()
	})

	await check('the procedure tells the policy in force', async () => {
		const { version, policy } = await call('GET', '/policy')
		await page.goto('/procedure')
		await page.getByText(`版本 ${version}，`).waitFor()
		await until(async () => (await page.locator('.proc').innerText()).includes(String(policy.touch_minutes)), 'the minutes are not told')
		await clean()
	})

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()
}
