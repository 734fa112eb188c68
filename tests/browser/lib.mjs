// What browser tests share: Chromium, signing in, screenshots, axe, and a reporter in TAP style.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export const FLAGS = [
	// a camera and a microphone that give pictures and tones, and are allowed
	'--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
	'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
]
export const SHOTS = process.env.SHOTS ?? join(tmpdir(), 'shots')
export const WAIT_MS = 30_000

/** Starts Chromium with a profile of its own; close() ends it and removes the profile. */
export async function launch(flags = FLAGS) {
	const profile = mkdtempSync(join(tmpdir(), 'tenon-browser-'))
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: [...flags, `--crash-dumps-dir=${profile}`] })
	const close = async () => {
		await browser.close()
		rmSync(profile, { recursive: true, force: true })
	}
	return { browser, close }
}

export const DESKTOP = { viewport: { width: 1440, height: 900 } }
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }

/** A person at a browser: own cookies, language and theme. Collects what the console and the page complain about. */
export async function person(browser, base, { shape = DESKTOP, lang = 'zh', theme = 'light' } = {}) {
	const context = await browser.newContext({ ...shape, baseURL: base, locale: lang === 'zh' ? 'zh-CN' : 'en-US', timezoneId: 'Asia/Shanghai', colorScheme: theme })
	await context.addInitScript(([l, t]) => {
		if (!localStorage.getItem('tenon.lang')) localStorage.setItem('tenon.lang', l)
		if (!localStorage.getItem('tenon.theme')) localStorage.setItem('tenon.theme', t)
	}, [lang, theme])
	const page = await context.newPage()
	page.setDefaultTimeout(WAIT_MS)
	const complaints = []
	page.on('pageerror', (error) => complaints.push(String(error)))
	page.on('console', (message) => {
		// A refused request is an answer that the tests look at themselves.
		if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text())) complaints.push(message.text())
	})
	return { context, page, complaints, lang }
}

/** Signs in through the form, and sets a new password where the server asks for one (then true). */
export async function signIn(page, login, password, next = password) {
	await page.goto('/sign-in')
	await page.locator('input[name=login]').fill(login)
	await page.locator('input[name=password]').fill(password)
	await page.locator('form button[type=submit]').click()
	await page.waitForURL((url) => url.pathname !== '/sign-in')
	if (new URL(page.url()).pathname !== '/password') return false
	const boxes = page.locator('form input')
	await boxes.nth(0).fill(password)
	await boxes.nth(1).fill(next)
	await boxes.nth(2).fill(next)
	await page.locator('form button[type=submit]').click()
	await page.waitForURL((url) => url.pathname !== '/password')
	return true
}

/** Calls the API as somebody, outside the browser. */
export function api(base, token) {
	return async (method, path, body) => {
		const response = await fetch(`${base}/api/v1${path}`, {
			method,
			headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
			body: body === undefined ? undefined : JSON.stringify(body),
		})
		const text = await response.text()
		return { status: response.status, body: text ? JSON.parse(text) : null }
	}
}

export async function token(base, login, password) {
	const answer = await api(base)('POST', '/sessions', { login, password })
	if (answer.status !== 201) throw new Error(`sign-in of ${login}: ${answer.status} ${JSON.stringify(answer.body)}`)
	return answer.body.token
}

export async function shot(page, name) {
	mkdirSync(SHOTS, { recursive: true })
	await page.screenshot({ path: join(SHOTS, `${name}.png`) })
}

/** Until nothing moves or fades: what is half gone is hard to read for a moment. */
const still = (page) => page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity))

/** Serious and critical violations of the page as it stands, as readable lines. */
export async function axe(page) {
	// What leaves while axe looks must not fade: a toast that is half gone would be called unreadable.
	await page.emulateMedia({ reducedMotion: 'reduce' })
	await still(page)
	// A new script element would be refused by the page's own security policy; evaluate is not.
	await page.evaluate(AXE)
	const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
	await page.emulateMedia({ reducedMotion: null })
	return result.violations
		.filter((violation) => ['serious', 'critical'].includes(violation.impact))
		.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`))
}

/** What stands on the open pages, what is said or lies on top first: a failure that comes once in a hundred runs is understood by it. */
async function sight(browser) {
	const pages = browser.contexts().flatMap((context) => context.pages()).slice(-3)
	const words = (page) => page.evaluate(() => ['[role=alert]', '.toast', '[role=dialog]', 'body'].flatMap((at) => [...document.querySelectorAll(at)].map((one) => `${at}: ${one.innerText}`)).join(' | '))
	const one = async (page) => `${page.url()} ${await Promise.race([words(page), new Promise((resolve) => setTimeout(() => resolve('(hangs)'), 2000))])}`
	return Promise.all(pages.map((page) => one(page).then((text) => text.replace(/\s+/g, ' ').slice(0, 700), (error) => `(${error})`.slice(0, 200))))
}

/** Runs named checks one after another, prints `ok` and `not ok`, and counts. A check fails by throwing. */
export function reporter(area, browser) {
	const count = { passed: 0, failed: 0 }
	const check = async (name, run) => {
		try {
			await run()
			count.passed++
			console.log(`ok - ${area}: ${name}`)
		} catch (error) {
			count.failed++
			console.log(`not ok - ${area}: ${name}`)
			const lines = [...String(error?.stack ?? error).split('\n').slice(0, 12), ...(await sight(browser)).map((line) => `sees ${line}`)]
			console.log(lines.map((line) => `  # ${line}`).join('\n'))
		}
	}
	return { check, count }
}

export function assert(condition, message) {
	if (!condition) throw new Error(message)
}

export async function until(probe, message, ms = WAIT_MS) {
	const end = Date.now() + ms
	for (;;) {
		const value = await probe()
		if (value) return value
		if (Date.now() > end) throw new Error(`not within ${ms} ms: ${message}`)
		await new Promise((resolve) => setTimeout(resolve, 30))
	}
}

/** What comes by itself, with a deadline. */
export const within = (promise, message, ms = WAIT_MS) => Promise.race([promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`not within ${ms} ms: ${message}`)), ms).unref())])

let counter = 0
/** A name no other test uses. */
export const unique = (word) => `${word}${Date.now().toString(36)}${(counter++).toString(36)}`

/** A mobile number that is valid and most likely new. */
export const newPhone = () => `139${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`

/** What tests arrange through the API as administrator: people who can sign in, leads on their desks. */
export async function arrange(base, password) {
	const admin = api(base, await token(base, 'admin', password))
	const must = async (method, path, body) => {
		const answer = await admin(method, path, body)
		if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
		return answer.body
	}
	const boot = await must('GET', '/boot')

	/** n active salespeople who are not away, with passwords that the tests know. */
	async function sellers(n) {
		const { items } = await must('GET', '/records/user?limit=200&sort=name')
		const board = await admin('GET', '/board')
		// Whoever has the fewest untouched leads: those of an earlier test would run out and freeze their owner in the middle.
		const load = new Map((board.body?.people ?? []).map((one) => [one.id, one.state === 'free' ? one.untouched + 10 * one.misses : 1000]))
		const free = items
			.filter((user) => user.role === 'salesperson' && user.active && !user.absent && !user.frozen_until && (load.get(user.id) ?? 0) < 1000)
			.sort((a, b) => (load.get(a.id) ?? 0) - (load.get(b.id) ?? 0))
		if (free.length < n) throw new Error(`the demo company has fewer than ${n} salespeople who are free`)
		return Promise.all(free.slice(0, n).map(async (user) => ({ ...user, password: (await must('POST', `/users/${user.id}/password`, {})).password })))
	}

	/** A new lead with a person; moves it there whatever the policy said. */
	async function lead(owner, fields = {}) {
		const made = await must('POST', '/records/lead', { company: `${unique('榫头')}有限公司`, name: '测试联系人', phone: newPhone(), city: '上海市', message: '请尽快联系', ...fields })
		if (owner && made.owner !== owner.id) await must('POST', `/leads/${made.id}/assign`, { to: owner.id })
		return must('GET', `/leads/${made.id}`)
	}
	return { boot, must, sellers, lead }
}

const PASSWORD = 'tenon-browser-test'

/** The language a person chose follows the account: tests set it for each browser. */
export async function speak({ page, lang }) {
	await page.evaluate((language) => fetch('/api/v1/me', { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ language }) }), lang)
	await page.evaluate((language) => localStorage.setItem('tenon.lang', language), lang)
	await page.reload()
}

/** Signs somebody in, with the new password that a reset asks for. */
export async function enter(who, user) {
	if (await signIn(who.page, user.login, user.password, PASSWORD)) user.password = PASSWORD
	await speak(who)
}

export const shapes = [
	{ name: 'light', shape: DESKTOP, theme: 'light', lang: 'zh' },
	{ name: 'dark-en', shape: DESKTOP, theme: 'dark', lang: 'en' },
	{ name: 'phone', shape: PHONE, theme: 'light', lang: 'zh' },
	{ name: 'phone-dark-en', shape: PHONE, theme: 'dark', lang: 'en' },
]

/** Looks at a screen in every shape: no serious axe violation, no complaint on the console, a picture of each. */
export async function lookAt(browser, base, check, user, path, ready, name) {
	for (const how of shapes) {
		await check(`${name} is accessible and quiet (${how.name})`, async () => {
			const who = await person(browser, base, how)
			try {
				await enter(who, user)
				await who.page.goto(path)
				await who.page.locator(ready).first().waitFor()
				await still(who.page)
				await shot(who.page, `${name}-${how.name}`)
				const faults = await axe(who.page)
				assert(faults.length === 0, faults.join('\n'))
				assert(who.complaints.length === 0, who.complaints.join('\n'))
			} finally {
				await who.context.close()
			}
		})
	}
}
