// The form widget on the demo page: small, accessible, and what is sent arrives exactly once, whatever the network does (F1, F5).
import { gzipSync } from 'node:zlib'
import { assert, axe, DESKTOP, person, PHONE, shot, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

const LIMIT = 4096

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const receipts = async (text) => (await call('GET', `/intake/receipts?search=${encodeURIComponent(text)}`)).items
	const open = async (shape = DESKTOP) => {
		const visitor = await person(browser, base, { shape })
		await visitor.page.goto('/demo?utm_source=baidu&utm_campaign=browser-test')
		const form = visitor.page.locator('tenon-form')
		await form.locator('button').first().waitFor()
		return { ...visitor, form }
	}
	const fill = async ({ form, page }, fields) => {
		for (const [name, value] of Object.entries(fields)) await form.locator(`[name=${name}]`).fill(value)
		await page.waitForFunction((from) => performance.now() > from + 1700, await page.evaluate(() => performance.now()))
	}
	const send = ({ form }) => form.getByRole('button', { name: '提交' }).click()
	const phone = () => `1381234${1000 + Math.floor(Math.random() * 8999)}`

	await check(`the script is at most ${LIMIT} bytes as gzip`, async () => {
		const body = Buffer.from(await (await fetch(`${base}/widget.js`)).arrayBuffer())
		const size = gzipSync(body, { level: 9 }).length
		assert(body.length > 1000 && size <= LIMIT, `${size} bytes`)
	})

	await check('with consent the context facts arrive with the enquiry', async () => {
		const visitor = await open()
		const name = unique('同意')
		await visitor.form.getByRole('checkbox').check()
		await fill(visitor, { name, phone: phone() })
		await send(visitor)
		const number = (await visitor.form.locator('code').innerText()).trim()
		const receipt = await until(async () => {
			const found = await call('GET', `/intake/receipts/${number}`)
			return found.state === 'pending' ? null : found
		}, 'it is taken in')
		const body = JSON.parse(receipt.body)
		for (const fact of ['device', 'language', 'screen', 'page', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign', 'dwell_ms', 'pages_seen', 'form_ms']) assert(fact in body, `no ${fact}`)
		assert(body.utm_source === 'baidu' && body.consent === true && receipt.state === 'taken', JSON.stringify(receipt))
		assert(visitor.complaints.length === 0, visitor.complaints.join('\n'))
		await visitor.context.close()
	})

	await check('without consent and without a phone it is kept all the same, and no context is sent (F1)', async () => {
		const visitor = await open(PHONE)
		const name = unique('不同意')
		await fill(visitor, { name, message: '想了解报价' })
		await send(visitor)
		await visitor.form.locator('code').waitFor()
		const [receipt] = await until(async () => {
			const rows = await receipts(name)
			return rows[0]?.state === 'pending' ? null : rows
		}, 'it is taken in')
		const { body } = await call('GET', `/intake/receipts/${receipt.id}`)
		assert(receipt.state === 'taken' && receipt.lead, JSON.stringify(receipt))
		assert(Object.keys(JSON.parse(body)).sort().join() === 'consent,message,name', body)
		await visitor.context.close()
	})

	await check('a server that is away loses nothing and doubles nothing (F5)', async () => {
		const visitor = await open()
		const name = unique('重试')
		let refused = 0
		await visitor.page.route('**/capture/**', async (route) => {
			refused++
			if (refused === 1) return route.fulfill({ status: 502, body: 'bad gateway' })
			if (refused === 2) {
				await route.fetch() // the server has it, but the answer is lost on the way
				return route.abort('connectionreset')
			}
			return route.continue()
		})
		await fill(visitor, { name, phone: phone() })
		await send(visitor)
		await visitor.form.getByText('恢复后自动提交').waitFor()
		await visitor.form.locator('code').waitFor()
		const rows = await receipts(name)
		assert(refused >= 3, `only ${refused} attempts`)
		assert(rows.length === 1, `${rows.length} receipts`)
		await until(async () => (await call('GET', `/count/lead?filter=${encodeURIComponent(`name = "${name}"`)}`)).count === 1, 'one lead')
		await visitor.context.close()
	})

	await check('what was sent while offline goes out from the next page, once', async () => {
		const visitor = await open()
		const name = unique('离线')
		await fill(visitor, { name, phone: phone() })
		await visitor.page.route('**/capture/**', (route) => route.abort('internetdisconnected'))
		await send(visitor)
		await visitor.form.getByText('恢复后自动提交').waitFor()
		assert((await receipts(name)).length === 0, 'it went out while offline')
		await visitor.page.unroute('**/capture/**')
		await visitor.page.reload()
		await visitor.form.locator('code').waitFor()
		await visitor.page.reload()
		await visitor.form.getByRole('button', { name: '提交' }).waitFor()
		assert((await receipts(name)).length === 1, 'not exactly one receipt')
		await visitor.context.close()
	})

	await check('what is typed outlives the page', async () => {
		const visitor = await open()
		await visitor.form.locator('[name=message]').fill('三台协作机器人')
		await visitor.page.reload()
		await until(async () => (await visitor.form.locator('[name=message]').inputValue()) === '三台协作机器人', 'the draft is back')
		await visitor.context.close()
	})

	for (const [name, shape] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
		await check(`the demo page is accessible: ${name}`, async () => {
			const visitor = await open(shape)
			await send(visitor)
			await visitor.form.getByText('请至少填写一项').waitFor()
			const found = await axe(visitor.page)
			await shot(visitor.page, `demo-${name}`)
			await visitor.context.close()
			assert(found.length === 0, found.join('\n'))
		})
	}
}
