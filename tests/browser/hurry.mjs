// People in a hurry, and networks that lie: nothing is lost, made twice, or shown to somebody else.
import { api, arrange, assert, axe, enter, newPhone, person, PHONE, shot, signIn, token, unique, until } from './lib.mjs'

const SUMMARY = '已经打过电话，客户说下周再联系，需要一份三十台设备的报价。'
const HTML = { status: 200, contentType: 'text/html', body: '<html>Please sign in to the Wi-Fi</html>' }

export async function run({ base, password, browser, check }) {
	const { must, sellers, lead } = await arrange(base, password)
	const [anna, ben] = await sellers(2)
	const as = async (user, run, how) => {
		const who = await person(browser, base, how)
		try {
			await enter(who, user)
			await run(who.page, who)
		} finally {
			await who.context.close()
		}
	}
	const links = (page) => page.locator('nav').first().innerText()
	const write = async (page, bar = '.acts') => {
		await page.locator(bar).getByRole('button', { name: '记录联系' }).click()
		await page.locator('.touch textarea[name=summary]').fill(SUMMARY)
	}
	const contacts = async (made) => (await must('GET', `/leads/${made.id}/timeline`)).items.filter((item) => item.kind === 'activity').length

	await check('a contact that something else than the server "accepted" waits on the device and arrives once', () => as(anna, async (page) => {
		const made = await lead(anna)
		await page.goto(`/leads/${made.id}`)
		await write(page)
		await page.route('**/api/v1/leads/*/touch', (route) => route.fulfill(HTML))
		await page.locator('.touch button[type=submit]').click()
		await page.locator('.touch').waitFor({ state: 'detached' })
		await page.locator('.conn-act', { hasText: '1 条' }).waitFor()
		await page.unroute('**/api/v1/leads/*/touch')
		await page.reload()
		await until(async () => (await contacts(made)) === 1, 'the contact arrives', 40_000)
	}))

	await check('a device whose clock is set while the page is open counts on as before', () => as(anna, async (page) => {
		const made = await lead(anna)
		await page.goto(`/leads/${made.id}`)
		const timer = page.locator('.count [role=timer]').first()
		await timer.waitFor()
		const left = async () => (await timer.innerText().catch(() => '0:00')).trim().split(':').reduce((all, part) => all * 60 + Number(part), 0)
		const before = await left()
		assert(before > 60, `${before} s are left`)
		for (const hours of [1, -1]) {
			const asked = page.waitForResponse((response) => response.url().endsWith('/api/v1/boot'))
			await page.evaluate((ms) => {
				const real = Date.now.bind(Date)
				Date.now = () => real() + ms
			}, hours * 3_600_000)
			await asked
			await until(async () => Math.abs(before - await left()) < 60, `the countdown is right again, the clock is ${hours} h off`)
		}
	}))

	await check('saved again after the answer got lost, and with Enter pressed twice, a team is there once', () => as({ login: 'admin', password }, async (page) => {
		const name = unique('急行')
		let lost = 0
		await page.route('**/api/v1/records/team', async (route) => {
			if (route.request().method() !== 'POST') return route.continue()
			const answer = await route.fetch()
			return lost++ === 0 ? route.fulfill({ status: 502, contentType: 'text/html', body: '<html>Bad Gateway</html>' }) : route.fulfill({ response: answer })
		})
		await page.goto('/settings/people')
		await page.getByRole('tab').nth(1).click()
		await page.locator('.btn-primary', { hasText: '新建部门' }).click()
		const box = page.locator('.drawer')
		await box.locator('input').first().fill(name)
		await box.locator('button[type=submit]').click()
		await box.locator('.error, [role=alert]').first().waitFor()
		await box.locator('input').first().focus()
		await page.keyboard.press('Enter')
		await page.keyboard.press('Enter')
		await box.waitFor({ state: 'detached' })
		const { items } = await must('GET', `/records/team?limit=200&search=${encodeURIComponent(name)}`)
		assert(items.filter((team) => team.name === name).length === 1, `there are ${items.length}`)
	}))

	await check('a session that ended is renewed in one tab for all, and the form goes on', () => as(anna, async (page, { context }) => {
		const made = await lead(anna)
		await page.goto(`/leads/${made.id}`)
		await write(page)
		const two = await context.newPage()
		await two.goto('/leads')
		await two.locator('[id^="lead-"]').first().waitFor()
		await two.evaluate(() => fetch('/api/v1/sessions/current', { method: 'DELETE' }))
		await page.locator('#again').waitFor({ timeout: 60_000 })
		await two.locator('#again').waitFor({ timeout: 60_000 }).catch(() => two.reload())
		await page.locator('#again input').last().fill(anna.password)
		await page.getByRole('button', { name: '继续' }).click()
		await page.locator('#again').waitFor({ state: 'detached' })
		assert((await page.locator('.touch textarea[name=summary]').inputValue()) === SUMMARY, 'the text is lost')
		await page.locator('.touch button[type=submit]').click()
		await page.locator('.touch').waitFor({ state: 'detached' })
		await until(async () => (await contacts(made)) === 1, 'the contact arrives')
	}))

	await check('another role shows at once: what is new to do, and no page without the right to it', () => as(ben, async (page) => {
		await until(async () => !(await links(page)).includes('主管看板'), 'a salesperson sees the board')
		await must('PATCH', `/records/user/${ben.id}`, { role: 'supervisor' })
		await until(async () => (await links(page)).includes('主管看板'), 'the new role does not show')
		await page.goto('/board')
		await page.locator('h1', { hasText: '主管看板' }).waitFor()
		await must('PATCH', `/records/user/${ben.id}`, { role: 'salesperson' })
		await page.waitForURL((url) => url.pathname === '/')
		assert(!(await links(page)).includes('主管看板'), 'the board is still offered')
	}))

	await check('somebody else signs in beside: the first tab gives way, and what was typed stays with its writer', () => as(anna, async (page, { context }) => {
		const made = await lead(anna)
		await page.goto(`/leads/${made.id}`)
		await write(page)
		const two = await context.newPage()
		await signIn(two, ben.login, ben.password)
		await page.waitForURL((url) => url.pathname === '/')
		await page.getByText(ben.name).first().waitFor()
		assert(!(await page.locator('body').innerText()).includes(anna.name), 'the first tab still shows who was there before')
		await signIn(page, anna.login, anna.password)
		await page.goto(`/leads/${made.id}`)
		await page.locator('.acts').getByRole('button', { name: '记录联系' }).click()
		assert((await page.locator('.touch textarea[name=summary]').inputValue()) === SUMMARY, 'the text is lost')
	}))

	await check('handed over while a contact is being written: the words stay and become a note', () => as(ben, async (page) => {
		const made = await lead(ben)
		await page.goto(`/leads/${made.id}`)
		await write(page)
		await must('POST', `/leads/${made.id}/assign`, { to: anna.id })
		const left = page.locator('.left')
		await left.waitFor()
		assert((await left.innerText()).includes(SUMMARY), 'the words are not there')
		await shot(page, 'hurry-left')
		const faults = await axe(page)
		assert(faults.length === 0, faults.join('\n'))
		await left.getByRole('button', { name: '存为我的备注' }).click()
		await left.waitFor({ state: 'detached' })
		const own = api(base, await token(base, ben.login, ben.password))
		await until(async () => (await own('GET', '/records/activity?sort=-created_at&limit=5')).body.items.some((one) => one.summary?.includes(SUMMARY)), 'the note is there')
	}))

	await check('going back closes what lies on top, then leaves the page', () => as(anna, async (page) => {
		const made = await lead(anna)
		await page.goto('/leads')
		await page.locator(`[data-id="${made.id}"], [data-lead="${made.id}"], #lead-${made.id}, a[href="/leads/${made.id}"]`).first().click()
		await page.waitForURL((url) => url.href.includes(made.id))
		await write(page, '.rec-bar')
		await page.goBack()
		await page.locator('.touch').waitFor({ state: 'detached' })
		await until(() => page.url().includes(made.id), 'the page stays')
		await page.goBack()
		await page.waitForURL((url) => !url.href.includes(made.id))
	}, { shape: PHONE }))

	await check('a drawer with a form closes on back, and the page stays', () => as({ login: 'admin', password }, async (page) => {
		await page.goto('/')
		await page.getByRole('link', { name: '人员' }).first().click()
		await page.waitForURL((url) => url.pathname === '/settings/people')
		await page.locator('.btn-primary').first().click()
		await page.locator('.drawer').waitFor()
		await page.goBack()
		await page.locator('.drawer').waitFor({ state: 'detached' })
		await until(() => new URL(page.url()).pathname === '/settings/people', 'the page stays')
	}))

	await check('the Enter that ends a composition takes the word and nothing else', () => as(anna, async (page) => {
		await page.locator('nav').first().waitFor()
		await page.keyboard.press('Control+k')
		const box = page.locator('[role=dialog] input')
		await box.fill('客户')
		const here = page.url()
		for (const key of ['Enter', 'Escape']) await box.evaluate((field, key) => field.dispatchEvent(new KeyboardEvent('keydown', { key, isComposing: true, bubbles: true, cancelable: true })), key)
		await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
		assert((await box.count()) === 1 && page.url() === here, 'the palette went with the composition')
		await box.press('Enter')
		await box.waitFor({ state: 'detached' })
	}))

	await check('marks that turn the direction of text do not turn what stands behind them', () => as(anna, async (page) => {
		const word = unique('مرحبا')
		await lead(anna, { company: `${word}\u202ecba`, name: '{{7*7}}<img src=x onerror="window.broken=1">', phone: newPhone() })
		await page.goto('/leads')
		await page.getByText(word).first().waitFor()
		const text = await page.locator('body').innerText()
		assert(!text.includes('\u202e'), 'the mark is on the page')
		assert(text.includes('{{7*7}}<img src=x'), 'the name is not shown as it is')
		assert(!(await page.evaluate(() => window.broken)), 'the name was run')
	}, { shape: PHONE }))
}
