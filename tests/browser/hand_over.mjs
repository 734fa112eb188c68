// Two browsers: what the supervisor re-assigns arrives on the other desk without a reload, with the same countdown in both.
import { assert, person, signIn, until } from './lib.mjs'
import { admin, credentials, freePeople, leadFor, secondsOf, unique } from './lib/staff.mjs'

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const [from, to] = await freePeople(call, 2)
	const boss = await person(browser, base)
	const seller = await person(browser, base)
	const account = await credentials(call, to)
	await signIn(boss.page, 'admin', password)
	await signIn(seller.page, account.login, account.password, account.next)
	await boss.page.goto('/board')
	await seller.page.goto('/')
	await seller.page.waitForSelector('.desk')
	await boss.page.evaluate(() => (window.neverReloaded = true))
	await seller.page.evaluate(() => (window.neverReloaded = true))

	const more = () => boss.page.locator('[data-section=running_out] .bsec-more').filter({ hasText: /还有|more/ })
	const rowOf = async (lead) => {
		const row = boss.page.locator(`.blead[data-lead="${lead.id}"]`)
		await until(async () => {
			if ((await more().count()) > 0) await more().first().click()
			return (await row.count()) > 0
		}, 'the lead is on the board')
		return row
	}
	const arrives = async (lead) => {
		const card = seller.page.locator(`.dcard[data-lead="${lead.id}"]`)
		await card.waitFor()
		return card
	}

	await check('a lead re-assigned by keys arrives on the other desk', async () => {
		const lead = await leadFor(call, from, unique('键盘移交'))
		const row = await rowOf(lead)
		await row.getByRole('button').focus()
		await boss.page.keyboard.press('Enter')
		await boss.page.getByRole('combobox').last().pressSequentially(to.name)
		await boss.page.keyboard.press('Enter')
		const card = await arrives(lead)
		await until(async () => Math.abs((await secondsOf(card)) - (await secondsOf(await rowOf(lead)))) <= 1, 'both show the same second')
		await until(async () => await row.getByText(to.name).count(), 'the board names the new owner')
	})

	await check('a lead dragged onto a person arrives there, and can be taken back', async () => {
		const lead = await leadFor(call, from, unique('拖动移交'))
		const row = await rowOf(lead)
		const target = boss.page.locator(`[data-person="${to.id}"]`)
		await target.scrollIntoViewIfNeeded()
		// Away from the lower edge, where messages appear.
		await boss.page.setViewportSize({ width: 1440, height: 2400 })
		const a = await row.boundingBox()
		await boss.page.mouse.move(a.x + 12, a.y + a.height / 2)
		await boss.page.mouse.down()
		await boss.page.mouse.move(a.x + 40, a.y + 20, { steps: 3 })
		await until(async () => {
			const b = await target.boundingBox()
			await boss.page.mouse.move(b.x + 60, b.y + b.height / 2, { steps: 3 })
			return (await target.getAttribute('class')).includes('bper-over')
		}, 'the person is under the pointer')
		// The card may arrive before the answer does: the message to press is not the one of the lead before.
		await boss.page.evaluate(() => document.querySelectorAll('.toast').forEach((toast) => toast.setAttribute('data-old', '')))
		await boss.page.mouse.up()
		const card = await arrives(lead)
		await boss.page.locator('.toast:not([data-old]) .btn').filter({ hasText: '撤销' }).last().click()
		await card.waitFor({ state: 'detached' })
		await until(async () => (await call('GET', `/records/lead/${lead.id}`)).owner === from.id, 'the former owner has it again')
	})

	await check('nothing was reloaded and nobody complained', async () => {
		for (const { page, complaints } of [boss, seller]) {
			assert(await page.evaluate(() => window.neverReloaded), 'the page was reloaded')
			assert(complaints.length === 0, complaints.join('\n'))
		}
	})
	await boss.context.close()
	await seller.context.close()
}
