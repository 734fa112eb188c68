// The phone without a line: installable, starts off-line, shows the age of what it shows, keeps what is typed and sends it once, shows both
// sides of a conflict, clears everything at sign-out. (O7, F10)
import { arrange, assert, axe, enter, lookAt, person, PHONE, shot, until, WAIT_MS } from './lib.mjs'

const SUMMARY = '已电话联系客户，确认三十台设备的需求，周四上门演示。'

export async function run({ base, password, browser, check }) {
	const { must, sellers, lead } = await arrange(base, password)
	const [anna] = await sellers(1)
	const who = await person(browser, base, { shape: PHONE })
	let page = who.page
	const { context } = who
	const contacts = async (id) => (await must('GET', `/leads/${id}/timeline`)).items.filter((item) => item.kind === 'activity')
	const card = (made) => page.locator(`[data-lead="${made.id}"]`)
	const ready = () => page.evaluate(() => navigator.serviceWorker.ready.then((it) => Boolean(it.active)))

	/** The tab is closed and opened again, as a phone does it. */
	async function reopen(path = '/') {
		await page.close()
		page = await context.newPage()
		page.setDefaultTimeout(WAIT_MS)
		await page.goto(path)
	}

	await check('it can be installed: manifest, icons and service worker are in order', async () => {
		await enter(who, anna)
		await page.locator('.desk').waitFor()
		assert(await ready(), 'no service worker')
		const href = await page.locator('link[rel=manifest]').getAttribute('href')
		const response = await fetch(base + href)
		assert(response.headers.get('content-type') === 'application/manifest+json', response.headers.get('content-type'))
		const manifest = await response.json()
		assert(manifest.name && manifest.short_name && manifest.start_url === '/' && manifest.display === 'standalone', JSON.stringify(manifest))
		assert(manifest.icons.some((icon) => icon.purpose === 'maskable' && icon.sizes === '512x512'), 'no maskable icon')
		for (const icon of manifest.icons) {
			const answer = await fetch(base + icon.src)
			assert(answer.ok && answer.headers.get('content-type') === icon.type, `${icon.src}: ${answer.status}`)
		}
		const worker = await fetch(`${base}/sw.js`)
		assert(worker.headers.get('cache-control') === 'no-cache', 'the service worker may be cached')
		const client = await context.newCDPSession(page)
		const { installabilityErrors } = await client.send('Page.getInstallabilityErrors')
		const serious = installabilityErrors.filter((fault) => fault.errorId !== 'in-incognito')
		assert(serious.length === 0, JSON.stringify(serious))
	})

	const made = await lead(anna)
	await check('it starts without a line, with what was seen last and its age', async () => {
		await card(made).waitFor()
		await page.goto(`/leads/${made.id}`)
		await page.locator('.rec-bar').waitFor()
		await page.waitForTimeout(1500)
		await context.setOffline(true)
		await reopen('/')
		await card(made).waitFor()
		const note = await page.locator('.conn').first().innerText()
		assert(/数据截至 .*\d\d:\d\d/.test(note), `it does not say how old the data is: ${note}`)
		await shot(page, 'offline-desk')
		await page.goto(`/leads/${made.id}`)
		await page.locator('.rec-title', { hasText: made.company }).waitFor()
		await page.locator('.conn', { hasText: '数据截至' }).waitFor()
		await shot(page, 'offline-lead')
	})

	await check('what is half typed outlives a closed tab', async () => {
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		await page.locator('textarea[name=summary]').fill('写到一半')
		await reopen(`/leads/${made.id}`)
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		await until(async () => (await page.locator('textarea[name=summary]').inputValue()) === '写到一半', 'the text is lost')
	})

	await check('a contact logged off-line waits, outlives a closed tab, and arrives once', async () => {
		await page.locator('textarea[name=summary]').fill(SUMMARY)
		await shot(page, 'offline-touch')
		await page.locator('.touch button[type=submit]').click()
		await page.locator('.conn-act', { hasText: '1 条待发送' }).waitFor()
		await page.locator('.rec-unsent').waitFor()
		assert((await contacts(made.id)).length === 0, 'it reached the server without a line')
		await reopen('/')
		await page.locator('.conn-act', { hasText: '1 条待发送' }).waitFor()
		await context.setOffline(false)
		await until(async () => (await contacts(made.id)).length > 0, 'it is sent when the line is back', 40_000)
		await page.locator('.conn-act').waitFor({ state: 'detached' })
		await reopen('/')
		await page.locator('.desk').waitFor()
		await page.waitForTimeout(1500)
		assert((await contacts(made.id)).length === 1, 'it was sent twice')
	})

	await check('an edit made off-line meets another one: both values are shown, one is chosen', async () => {
		await page.goto(`/leads/${made.id}`)
		await page.getByRole('tab', { name: '资料' }).click()
		const field = page.locator('.fline', { hasText: '留言' }).first()
		await field.waitFor()
		await page.waitForTimeout(1500)
		await context.setOffline(true)
		await field.locator('.fline-open').click()
		await field.locator('textarea').fill('我在路上改的')
		await field.getByRole('button', { name: '保存' }).click()
		await page.locator('.rec-unsent').waitFor()
		await until(async () => (await field.innerText()).includes('我在路上改的'), 'my value is not shown')
		await page.close()
		const { token, api } = await import('./lib.mjs')
		const own = api(base, await token(base, anna.login, anna.password))
		const changed = await own('PATCH', `/records/lead/${made.id}`, { message: '在电脑上改的' })
		assert(changed.status === 200, JSON.stringify(changed.body))
		await context.setOffline(false)
		page = await context.newPage()
		page.setDefaultTimeout(WAIT_MS)
		await page.goto('/')
		await page.locator('.conn-stuck').click({ timeout: 20_000 })
		const waiting = page.locator('.unsent')
		await waiting.waitFor()
		await shot(page, 'offline-unsent')
		await waiting.getByRole('button', { name: '选择保留哪个值' }).click()
		const dialog = page.locator('.dialog', { hasText: '在电脑上改的' }).last()
		await dialog.waitFor()
		await until(async () => (await dialog.innerText()).includes('我在路上改的') && (await dialog.innerText()).includes(anna.name), 'both values and who changed it')
		await shot(page, 'offline-conflict')
		const faults = await axe(page)
		assert(faults.length === 0, faults.join('\n'))
		await dialog.getByRole('button', { name: '用我的覆盖' }).click()
		await until(async () => (await must('GET', `/leads/${made.id}`)).message === '我在路上改的', 'my value reaches the server')
	})

	await check('what waits can be thrown away, and taken back', async () => {
		const other = await lead(anna)
		await page.goto('/')
		await card(other).waitFor()
		await page.waitForTimeout(1500)
		await context.setOffline(true)
		await card(other).getByRole('button', { name: '记录联系' }).click()
		await page.locator('textarea[name=summary]').fill(SUMMARY)
		await page.locator('.touch button[type=submit]').click()
		await page.locator('.conn-act', { hasText: '1 条待发送' }).click()
		await page.locator('.unsent').getByRole('button', { name: '丢弃' }).click()
		await page.locator('.unsent').waitFor({ state: 'detached' })
		await page.locator('.toast').getByRole('button', { name: '撤销' }).last().click()
		await page.locator('.conn-act', { hasText: '1 条待发送' }).waitFor()
	})

	await check('signing out says what would be lost, and then leaves nothing behind', async () => {
		await page.locator('.ptab').last().click()
		await page.locator('.user').click()
		await page.getByRole('menuitem', { name: '退出登录' }).click()
		await page.getByText('还有 1 条内容没有发送').waitFor()
		await shot(page, 'offline-leave')
		await page.getByRole('button', { name: '丢弃并退出' }).click()
		await page.waitForURL('**/sign-in')
		const left = await page.evaluate(async () => {
			const db = await new Promise((resolve) => (indexedDB.open('tenon').onsuccess = (event) => resolve(event.target.result)))
			const count = (store) => new Promise((resolve) => (db.transaction(store).objectStore(store).count().onsuccess = (event) => resolve(event.target.result)))
			return { drafts: await count('draft'), seen: await count('seen'), texts: Object.keys(localStorage).filter((key) => key.startsWith('tenon.draft') || key === 'tenon.who') }
		})
		assert(left.drafts === 0 && left.seen === 0 && left.texts.length === 0, JSON.stringify(left))
		await context.setOffline(false)
		await page.goto('/')
		await page.waitForURL('**/sign-in**')
	})
	await context.close()

	const shown = await lead(anna)
	await lookAt(browser, base, check, anna, `/leads/${shown.id}`, '.rec-body', 'offline-record')
	await check('a narrow phone has no sideways scroll, and targets for a thumb', async () => {
		const narrow = await person(browser, base, { shape: { ...PHONE, viewport: { width: 360, height: 740 } } })
		await enter(narrow, anna)
		for (const path of ['/', `/leads/${shown.id}`]) {
			await narrow.page.goto(path)
			await narrow.page.locator('.dcard-foot, .rec-bar').first().waitFor()
			assert(await narrow.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} scrolls sideways`)
			const small = await narrow.page.locator('.rec-bar .btn, .dcard-foot .btn, .ptab').evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.textContent))
			assert(small.length === 0, `too small for a thumb: ${small}`)
		}
		await narrow.context.close()
	})
}
