// A newer release is offered and taken, whole; the application can be installed from the menu; what waits outlives a killed browser. (O7)
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arrange, assert, enter, FLAGS, person, PHONE, shot, signIn, until, WAIT_MS, within } from './lib.mjs'
import { kept, picture, ready } from './lib/device.mjs'
import { front } from './lib/front.mjs'

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core')
const SUMMARY = '已到现场拍照，机器铭牌看得清楚，客户要求下周给出维修方案。'

/** A Chromium that can be killed and started again on the same profile. */
async function startOn(profile) {
	const child = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', [...FLAGS, '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
	const address = await within(new Promise((resolve) => {
		let said = ''
		child.stderr.on('data', (more) => {
			said += more
			const found = said.match(/DevTools listening on (ws:\S+)/)
			if (found) resolve(found[1])
		})
	}), 'the browser listens')
	const browser = await chromium.connectOverCDP(address)
	const [context] = browser.contexts()
	const page = context.pages()[0] ?? (await context.newPage())
	page.setDefaultTimeout(WAIT_MS)
	const kill = async () => {
		const over = new Promise((resolve) => child.once('exit', resolve))
		process.kill(-child.pid, 'SIGKILL')
		await over
		await browser.close().catch(() => undefined)
	}
	return { context, page, kill }
}

export async function run({ base, password, browser, check }) {
	const { sellers, lead, must } = await arrange(base, password)
	const [anna] = await sellers(1)

	const house = await front(base)
	const who = await person(browser, house.base)
	const { page, context } = who
	const release = (of = page) => of.evaluate(() => document.querySelector('meta[name=test-release]')?.content ?? 'this')
	await check('a newer release waits until it is taken, then the page is of that release, also without a line', async () => {
		await enter(who, anna)
		await page.locator('.desk').waitFor()
		await ready(page)
		await page.reload()
		await page.locator('.desk').waitFor()
		assert((await page.evaluate(() => Boolean(navigator.serviceWorker.controller))) && (await release()) === 'this', 'no worker answers')
		const other = await context.newPage()
		await other.goto('/')
		await other.locator('.desk').waitFor()
		await other.evaluate(() => (window.stands = true))
		await house.next()
		await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()))
		await page.locator('.conn-new').waitFor()
		await shot(page, 'update-offered')
		await page.reload()
		await page.locator('.conn-new').waitFor()
		assert((await release()) === 'this', 'it was taken before anybody wanted it')
		await page.locator('.conn-new').click()
		await until(() => release().then((it) => it === 'next', () => false), 'the page loads anew, of the new release')
		await page.locator('.desk').waitFor()
		assert((await page.locator('.conn-new').count()) === 0, 'it is offered again')
		// Somebody may be typing in the other tab: it says so and waits.
		await other.locator('.conn-new').waitFor()
		assert((await other.evaluate(() => window.stands)) && (await release(other)) === 'this', 'the other tab loaded by itself')
		await other.locator('.conn-new').click()
		await until(() => release(other).then((it) => it === 'next', () => false), 'the other tab follows when it is told to')
		await other.close()
		await context.setOffline(true)
		await page.reload()
		await page.locator('.desk').waitFor()
		assert((await release()) === 'next', 'without a line it is the old one')
		const caches = await page.evaluate(() => window.caches.keys())
		assert(caches.filter((name) => name.startsWith('tenon-shell-')).length === 2, caches.join())
		await context.setOffline(false)
	})

	await check('the menu offers to install when the browser does, once', async () => {
		await page.locator('.user').click()
		assert((await page.getByRole('menuitem', { name: '安装到桌面' }).count()) === 0, 'it is offered where the browser does not')
		await page.keyboard.press('Escape')
		const held = await page.evaluate(() => {
			const offer = Object.assign(new Event('beforeinstallprompt', { cancelable: true }), { prompt: async () => void (window.prompted = (window.prompted ?? 0) + 1) })
			dispatchEvent(offer)
			return offer.defaultPrevented
		})
		assert(held, 'the browser shows its own bar')
		await page.locator('.user').click()
		await shot(page, 'update-install')
		await page.getByRole('menuitem', { name: '安装到桌面' }).click()
		assert((await page.evaluate(() => window.prompted)) === 1, 'the browser was not asked')
		await page.locator('.user').click()
		await page.getByRole('menuitem', { name: '退出登录' }).waitFor()
		assert((await page.getByRole('menuitem', { name: '安装到桌面' }).count()) === 0, 'it is still offered')
		await page.keyboard.press('Escape')
	})
	await check('the page has nothing to complain about', async () => assert(who.complaints.length === 0, who.complaints.join('\n')))
	await context.close()
	await house.close()

	await check('a contact and its photo outlive a killed browser', async () => {
		const made = await lead(anna)
		const profile = mkdtempSync(join(tmpdir(), 'tenon-killed-'))
		let it = await startOn(profile)
		try {
			await it.page.setViewportSize(PHONE.viewport)
			await it.context.addInitScript(() => localStorage.getItem('tenon.lang') || localStorage.setItem('tenon.lang', 'zh'))
			await it.page.goto(`${base}/sign-in`)
			await it.page.evaluate(() => localStorage.setItem('tenon.lang', 'zh'))
			await it.page.goto('about:blank')
			await signInAt(it.page, base, anna)
			await it.page.goto(`${base}/leads/${made.id}`)
			await it.page.locator('.rec-bar').waitFor()
			await ready(it.page, made)
			await it.context.setOffline(true)
			await it.page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
			await it.page.locator('.touch textarea[name=summary]').fill(SUMMARY)
			await it.page.locator('.touch input[capture]').setInputFiles(await picture(it.page, 300, 200, '铭牌.png'))
			await it.page.locator('.attach-thumb').waitFor()
			await it.page.locator('.touch button[type=submit]').click()
			await it.page.locator('.conn-act', { hasText: '2 条' }).waitFor()
			assert((await kept(it.page, 'content')).length === 1, 'nothing is kept')
			await it.kill()
			assert((await must('GET', `/leads/${made.id}/files`)).items.length === 0, 'it was sent already')
			it = await startOn(profile)
			// A browser that is killed may not have written the cookie yet: then one signs in again, and nothing is lost.
			await it.page.goto(`${base}/`)
			await it.page.locator('.desk, input[name=login]').first().waitFor()
			if (await it.page.locator('input[name=login]').count()) await signInAt(it.page, base, anna)
			await until(async () => (await must('GET', `/leads/${made.id}/files`)).items.length === 1, 'the photo arrives', 40_000)
			const { items } = await must('GET', `/leads/${made.id}/timeline`)
			assert(items.filter((item) => item.kind === 'activity').length === 1, 'the contact is not there once')
		} finally {
			await it.kill().catch(() => undefined)
			rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
		}
	})
}

/** Without a base address of the context. */
async function signInAt(page, base, { login, password }) {
	const go = page.goto.bind(page)
	page.goto = (path) => go(path.startsWith('/') ? base + path : path)
	await signIn(page, login, password)
}
