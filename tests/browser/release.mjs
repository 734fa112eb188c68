// A freeze lifted by QR code: the board shows a code that reads as its address, the phone page lifts the freeze, the board follows live.
import { assert, axe, DESKTOP, person, PHONE, shot, signIn, speak, until } from './lib.mjs'
import { admin, advance, credentials, freePeople, leadFor, unique } from './lib/staff.mjs'
import { readSquare } from './lib/square.mjs'

/** The modules as they are painted: the picture of the code, sampled in the middle of each. */
async function painted(page) {
	const svg = page.locator('.dialog svg.qr')
	await svg.waitFor()
	await svg.evaluate((el) => { el.style.width = '370px'; el.scrollIntoView() })
	const png = (await svg.screenshot()).toString('base64')
	return page.evaluate(async ([data, side]) => {
		const image = new Image()
		image.src = `data:image/png;base64,${data}`
		await image.decode()
		const canvas = document.createElement('canvas')
		canvas.width = image.width
		canvas.height = image.height
		const pen = canvas.getContext('2d')
		pen.drawImage(image, 0, 0)
		const dark = (x, y) => pen.getImageData(Math.floor(((x + 0.5) * image.width) / side), Math.floor(((y + 0.5) * image.height) / side), 1, 1).data[0] < 128
		return Array.from({ length: side }, (_, y) => Array.from({ length: side }, (_, x) => (dark(x, y) ? '1' : '0')).join(''))
	}, [png, Number((await svg.getAttribute('viewBox')).split(' ')[2])])
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)

	async function freeze() {
		const [tired] = await freePeople(call, 3)
		for (let n = 0; n < 3; n++) await leadFor(call, tired, unique('扫码'))
		await advance(call, '6m')
		return tired
	}
	async function openCode(view, who, label = '二维码解除') {
		await view.goto('/board')
		await view.locator(`[data-person="${who.id}"]`).getByRole('button', { name: label }).click()
		await view.locator('.dialog svg.qr').waitFor()
		await view.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity))
	}

	let tired = await freeze()
	let made
	await check('the board shows a code whose modules read as its address', async () => {
		const answered = page.waitForResponse((r) => r.url().endsWith('/release-code'))
		await openCode(page, tired)
		made = await (await answered).json()
		const rows = await painted(page)
		assert(rows.slice(0, 4).every((row) => !row.includes('1')), 'no quiet zone')
		const inner = rows.slice(4, -4).map((row) => row.slice(4, -4))
		assert(inner.join('') === made.bits, 'what is painted is not what the server made')
		assert(readSquare(inner) === made.url, `it reads as ${readSquare(inner)}`)
		assert(made.url.startsWith(`${base}/release/`), made.url)
	})

	await check('on the phone: sign in, come back, read, press once; the board follows live', async () => {
		const phone = await person(browser, base, { shape: PHONE })
		await phone.page.goto(made.url)
		await phone.page.waitForURL((url) => url.pathname === '/sign-in')
		await phone.page.locator('input[name=login]').fill('admin')
		await phone.page.locator('input[name=password]').fill(password)
		await phone.page.locator('form button[type=submit]').click()
		await phone.page.getByRole('heading', { name: `解除 ${tired.name} 的熔断` }).waitFor()
		await phone.page.getByText('次超时未联系客户').waitFor()
		await shot(phone.page, 'release-phone')
		const { people } = await call('GET', '/board')
		assert(people.find((p) => p.id === tired.id).state === 'frozen', 'opening the page lifted the freeze')
		const button = phone.page.getByRole('button', { name: '解除熔断' })
		assert((await button.boundingBox()).height >= 44, 'the button is small')
		await button.click()
		await phone.page.getByRole('heading', { name: `已解除 ${tired.name} 的熔断` }).waitFor()
		await page.locator('.dialog svg.qr').waitFor({ state: 'detached' })
		await page.locator(`[data-person="${tired.id}"]`).getByText('熔断至').waitFor({ state: 'detached' })
		await phone.page.goto(made.url)
		await phone.page.getByText('使用过').waitFor()
		assert(phone.complaints.length === 0, phone.complaints.join('\n'))
		await shot(phone.page, 'release-used')
		await phone.context.close()
	})

	tired = await freeze()
	await check('a salesperson with the code is told so, and nothing happens', async () => {
		const { url } = await call('POST', `/users/${tired.id}/release-code`)
		const { login, password: first, next } = await credentials(call, tired)
		const view = await person(browser, base, { shape: PHONE })
		await signIn(view.page, login, first, next)
		await view.page.goto(new URL(url).pathname)
		await view.page.locator('.error').waitFor()
		await until(async () => (await view.page.getByRole('button', { name: /解除熔断|Lift the freeze/ }).count()) === 0, 'there is a button')
		await shot(view.page, 'release-refused')
		await view.context.close()
	})

	const looks = { light: {}, dark: { theme: 'dark', lang: 'en' }, phone: { shape: PHONE }, 'phone-en': { shape: PHONE, lang: 'en', theme: 'dark' } }
	for (const [name, how] of Object.entries(looks)) {
		await check(`accessible: ${name}`, async () => {
			const view = await person(browser, base, { shape: DESKTOP, ...how })
			await signIn(view.page, 'admin', password)
			await speak(view)
			await openCode(view.page, tired, how.lang === 'en' ? 'Release by QR code' : '二维码解除')
			const found = await axe(view.page)
			await shot(view.page, `release-dialog-${name}`)
			const { url } = await call('POST', `/users/${tired.id}/release-code`)
			await view.page.goto(new URL(url).pathname)
			await view.page.locator('.rel-go').waitFor()
			found.push(...(await axe(view.page)))
			await shot(view.page, `release-page-${name}`)
			await view.context.close()
			assert(found.length === 0, found.join('\n'))
		})
	}

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await call('PATCH', '/me', { language: 'zh' })
	await call('POST', `/users/${tired.id}/release`)
	await until(async () => (await call('GET', '/board')).people.find((p) => p.id === tired.id).state !== 'frozen', 'the freeze is lifted again')
	await context.close()
}
