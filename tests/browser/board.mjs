// The supervisor board: a freeze is seen and lifted, an absence marked, all without a reload; accessible in all variants.
import { assert, axe, DESKTOP, person, PHONE, shot, signIn } from './lib.mjs'
import { admin, advance, credentials, freePeople, leadFor, unique } from './lib/staff.mjs'

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	await page.goto('/board')
	await page.waitForSelector('.board')
	await page.evaluate(() => (window.neverReloaded = true))

	await check('three misses freeze a person before the eyes of the supervisor, one press lifts it', async () => {
		const [tired] = await freePeople(call, 3)
		for (let n = 0; n < 3; n++) await leadFor(call, tired, unique('熔断'))
		await advance(call, '6m')
		const row = page.locator(`[data-person="${tired.id}"]`)
		await row.getByText('熔断至').waitFor()
		await row.getByRole('button', { name: '解除熔断' }).click()
		await row.getByText('熔断至').waitFor({ state: 'detached' })
		const { people } = await call('GET', '/board')
		assert(people.find((p) => p.id === tired.id).state !== 'frozen', 'the server still has the freeze')
	})

	await check('an absence is marked from the menu and taken back from the message', async () => {
		const [someone] = await freePeople(call, 1)
		const row = page.locator(`[data-person="${someone.id}"]`)
		await row.getByRole('button', { name: `${someone.name} 的操作` }).click()
		await page.getByRole('menuitem', { name: '标记不在岗' }).click()
		await row.locator('.chip').filter({ hasText: '不在岗' }).waitFor()
		await page.locator('.toast .btn').filter({ hasText: '撤销' }).last().click()
		await row.locator('.chip').filter({ hasText: '不在岗' }).waitFor({ state: 'detached' })
	})

	await check('a refused attempt on a protected lead is shown with who tried and who holds it', async () => {
		const [holder, other] = await freePeople(call, 2)
		const lead = await leadFor(call, holder, unique('抢单'))
		const rival = await person(browser, base)
		const { login, password: first, next } = await credentials(call, other)
		await signIn(rival.page, login, first, next)
		const status = await rival.page.evaluate((id) => fetch(`/api/v1/leads/${id}/claim`, { method: 'POST' }).then((answer) => answer.status), lead.id)
		await rival.context.close()
		assert(status === 409, `the claim was answered with ${status}`)
		await leadFor(call, holder, unique('之后')) // any news brings the board up to date
		const row = page.locator('[data-section=cross_grabs] li').filter({ hasText: lead.company })
		await row.getByText(`${other.name}试图领取，由${holder.name}负责`).waitFor()
	})

	await check('the page was never reloaded', async () => assert(await page.evaluate(() => window.neverReloaded), 'it was'))
	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()

	for (const [name, how] of Object.entries({ light: {}, dark: { theme: 'dark', lang: 'en' }, phone: { shape: PHONE } })) {
		await check(`accessible: ${name}`, async () => {
			const view = await person(browser, base, { shape: DESKTOP, ...how })
			await signIn(view.page, 'admin', password)
			await view.page.goto('/board')
			await view.page.waitForSelector('.board')
			const found = await axe(view.page)
			await shot(view.page, `board-${name}`)
			await view.context.close()
			assert(found.length === 0, found.join('\n'))
		})
	}
}
