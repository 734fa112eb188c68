// How a new lead makes itself noticed - browser notification, sound, counter in the tab title - and several tabs of one browser that
// share one stream; the tick by which somebody is absent. (L6, L7)
import { arrange, assert, enter, person, shot, until } from './lib.mjs'

/** Tells what the page showed and played: Notification and AudioContext stay the browser's own, and are written down. */
function spy() {
	window.shown = []
	window.tones = 0
	let hidden = false
	Object.defineProperty(document, 'hidden', { get: () => hidden })
	window.setHidden = (value) => {
		hidden = value
		document.dispatchEvent(new Event('visibilitychange'))
	}
	const Real = window.Notification
	window.Notification = class extends Real {
		constructor(title, options) {
			super(title, options)
			window.shown.push({ title, body: options?.body, permission: Real.permission, one: this })
		}
	}
	const start = OscillatorNode.prototype.start
	OscillatorNode.prototype.start = function (at) {
		window.tones++
		return start.call(this, at)
	}
}

export async function run({ base, password, browser, check }) {
	const { must, sellers, lead } = await arrange(base, password)
	const [anna, ben, cara] = await sellers(3)
	const card = (page, made) => page.locator(`[data-lead="${made.id}"]`)
	const shown = (page) => page.evaluate(() => window.shown.map(({ title, body, permission }) => ({ title, body, permission })))
	const titleCount = async (page) => Number(/^\((\d+)\)/.exec(await page.title())?.[1] ?? 0)
	/** The alert of a lead was fetched and dealt with when the counter has risen. */
	async function alertOf(who, user) {
		const before = await titleCount(who.page)
		const made = await lead(user)
		await until(async () => (await titleCount(who.page)) > before || (await card(who.page, made).count()) > 0, 'the lead arrives')
		return made
	}
	async function panel(page, run) {
		await page.locator('.bell').first().click()
		await page.locator('.alerts-foot').waitFor()
		await run(page.locator('.alerts-foot input').nth(0), page.locator('.alerts-foot input').nth(1))
		await page.keyboard.press('Escape')
		await page.locator('.alerts-foot').waitFor({ state: 'detached' })
	}
	const readAll = (page) => panel(page, async () => {
		const all = page.locator('.alerts-head button')
		if (await all.count()) await all.click()
		await until(async () => (await titleCount(page)) === 0, 'the counter leaves the title')
	})

	const a = await person(browser, base)
	await a.context.grantPermissions(['notifications'], { origin: base })
	await a.context.addInitScript(spy)
	await enter(a, anna)
	await a.page.goto('/')
	await a.page.locator('.desk').waitFor()
	await a.page.evaluate(() => window.setHidden(false))

	await check('the counter in the tab title rises with an alert and leaves when all are read', async () => {
		await readAll(a.page)
		await alertOf(a, anna)
		await until(async () => (await titleCount(a.page)) > 0, 'the title counts')
		await readAll(a.page)
		await a.page.goto('/leads')
		await a.page.locator('.lgrid').waitFor()
		assert((await titleCount(a.page)) === 0, 'the counter comes back on another screen')
		await a.page.goto('/')
		await a.page.locator('.desk').waitFor()
	})

	await check('nothing is shown outside the page before it is switched on', async () => {
		await a.page.evaluate(() => window.setHidden(true))
		await alertOf(a, anna)
		await until(async () => (await titleCount(a.page)) > 0, 'the alert came')
		assert((await shown(a.page)).length === 0, 'a notification that nobody asked for')
	})

	await check('switched on and hidden, an urgent alert is one browser notification that opens the lead', async () => {
		await a.page.evaluate(() => window.setHidden(false))
		await panel(a.page, async (sound, notify) => {
			await notify.click({ force: true })
			await until(() => notify.isChecked(), 'the switch goes on when the browser has allowed it')
		})
		await readAll(a.page)
		await a.page.evaluate(() => window.setHidden(true))
		const made = await alertOf(a, anna)
		const [one, ...more] = await until(async () => ((await shown(a.page)).length > 0 ? shown(a.page) : null), 'a notification')
		assert(more.length === 0, `${more.length + 1} notifications of one alert`)
		assert(one.permission === 'granted' && one.title.length > 4, `it says ${JSON.stringify(one)}`)
		assert(one.body.includes(made.company), `it does not name the lead: ${JSON.stringify(one)}`)
		await a.page.evaluate(() => window.shown[0].one.onclick())
		await a.page.waitForURL(`**/leads/${made.id}`)
	})

	await check('visible, the same alert is a message on the page', async () => {
		await a.page.goto('/')
		await a.page.locator('.desk').waitFor()
		await readAll(a.page)
		await alertOf(a, anna)
		await a.page.locator('.toast-alert').first().waitFor()
		assert((await shown(a.page)).length === 0, 'a notification beside the page that is looked at')
	})

	await check('switched off, nothing is shown outside the page', async () => {
		await panel(a.page, (sound, notify) => notify.uncheck({ force: true }))
		await readAll(a.page)
		await a.page.evaluate(() => window.setHidden(true))
		await alertOf(a, anna)
		await until(async () => (await titleCount(a.page)) > 0, 'the alert came')
		assert((await shown(a.page)).length === 0, 'a notification after it was switched off')
		await a.page.evaluate(() => window.setHidden(false))
	})

	await check('an urgent alert sounds while the sound is on, and only then', async () => {
		const tones = () => a.page.evaluate(() => window.tones)
		await readAll(a.page)
		const before = await tones()
		await alertOf(a, anna)
		await until(async () => (await tones()) === before + 2, 'two tones')
		await panel(a.page, (sound) => sound.uncheck({ force: true }))
		await readAll(a.page)
		const quiet = await tones()
		await alertOf(a, anna)
		await until(async () => (await titleCount(a.page)) > 0, 'the alert came')
		assert((await tones()) === quiet, 'it sounds although it was switched off')
		await panel(a.page, (sound) => sound.check({ force: true }))
	})

	await check('a browser that refuses is told of, and nothing is shown', async () => {
		const b = await person(browser, base)
		await b.context.addInitScript(spy)
		await b.context.grantPermissions([], { origin: base })
		await enter(b, ben)
		await b.page.goto('/')
		await b.page.locator('.desk').waitFor()
		await panel(b.page, async (sound, notify) => {
			await notify.click({ force: true })
			await b.page.locator('.alerts-foot [role=alert]').waitFor()
			await until(async () => !(await notify.isChecked()), 'the switch says on')
			await shot(b.page, 'alerts-blocked')
		})
		await readAll(b.page)
		await b.page.evaluate(() => window.setHidden(true))
		await alertOf(b, ben)
		await until(async () => (await titleCount(b.page)) > 0, 'the alert came')
		assert((await shown(b.page)).length === 0, 'a notification without permission')
		await b.context.close()
	})
	await check('the page did not complain', () => assert(a.complaints.length === 0, a.complaints.join('\n')))
	await a.context.close()

	await check('three tabs share one stream; when the tab that holds it closes, another goes on and nothing is missed', async () => {
		const c = await person(browser, base)
		await enter(c, cara)
		await c.page.goto('about:blank')
		let gate = Promise.resolve()
		const streams = []
		await c.context.route('**/api/v1/live', async (route) => {
			streams.push({ page: route.request().frame().page(), after: route.request().headers()['last-event-id'] })
			await gate
			await route.continue().catch(() => undefined) // the tab may have closed meanwhile
		})
		const tabs = [c.page, await c.context.newPage(), await c.context.newPage()]
		for (const tab of tabs) {
			await tab.goto('/')
			await tab.locator('.desk').waitFor()
			await tab.evaluate(() => (window.neverReloaded = true))
		}
		const first = await lead(cara)
		for (const tab of tabs) await card(tab, first).waitFor()
		assert(streams.length === 1, `${streams.length} streams for three tabs`)

		let open
		gate = new Promise((resolve) => (open = resolve))
		await streams[0].page.close()
		const left = tabs.filter((tab) => tab !== streams[0].page)
		assert(left.length === 2, 'the stream belonged to none of the tabs')
		await until(() => streams.length === 2, 'another tab takes over')
		assert(left.includes(streams[1].page), 'the stream belongs to no open tab')
		// Nobody listens now: what happens meanwhile must come with the new connection.
		const missed = await lead(cara)
		open()
		for (const tab of left) await card(tab, missed).waitFor()
		const later = await lead(cara)
		for (const tab of left) await card(tab, later).waitFor()
		assert(streams.length === 2, `${streams.length} streams after one tab was closed`)
		for (const tab of left) assert(await tab.evaluate(() => window.neverReloaded), 'a tab loaded itself anew')
		await c.context.close()
	})

	await check('a tick in the menu marks one absent: untouched leads move on, it stays after a reload, and is taken back', async () => {
		const d = await person(browser, base)
		const [dora] = await sellers(1)
		await enter(d, dora)
		await d.page.goto('/')
		await d.page.locator('.desk').waitFor()
		const mine = await lead(dora)
		await card(d.page, mine).waitFor()
		const tick = d.page.getByRole('menuitemradio', { name: '不在岗' })
		const ticked = async () => {
			await d.page.locator('.user').click()
			const state = await tick.getAttribute('aria-checked')
			await d.page.keyboard.press('Escape')
			await tick.waitFor({ state: 'detached' })
			return state === 'true'
		}
		const press = async () => {
			await d.page.locator('.user').click()
			await tick.click()
		}
		assert(!(await ticked()), 'ticked before it was pressed')
		await press()
		await d.page.locator('.dnotice').waitFor()
		await until(async () => (await must('GET', `/leads/${mine.id}`)).owner !== dora.id, 'the untouched lead moves on')
		await until(async () => (await card(d.page, mine).count()) === 0, 'its card leaves', 12_000)
		assert((await must('GET', `/records/user/${dora.id}`)).absent, 'the server does not know')
		await d.page.reload()
		await d.page.locator('.dnotice').waitFor()
		await d.page.locator('.user').click()
		await tick.waitFor()
		await until(async () => (await tick.getAttribute('aria-checked')) === 'true', 'the tick is gone after a reload')
		await shot(d.page, 'menu-absent')
		await d.page.keyboard.press('Escape')
		await press()
		await d.page.locator('.dnotice').waitFor({ state: 'detached' })
		assert(!(await must('GET', `/records/user/${dora.id}`)).absent, 'the server still has the absence')
		assert(!(await ticked()), 'the tick stays')

		await press()
		await d.page.locator('.dnotice button').click()
		await d.page.locator('.dnotice').waitFor({ state: 'detached' })
		await until(async () => !(await ticked()), 'the tick follows the button of the desk')
		assert(d.complaints.length === 0, d.complaints.join('\n'))
		await d.context.close()
	})
}
