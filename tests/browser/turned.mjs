// A phone that is turned while something is being written, and one whose owner says no to the microphone.
import { arrange, assert, axe, enter, FLAGS, launch, person, PHONE, shot, until } from './lib.mjs'

const { width, height } = PHONE.viewport

export async function run({ base, password, browser, check }) {
	const { sellers, lead } = await arrange(base, password)
	const [anna] = await sellers(1)
	const made = await lead(anna)
	const { page, context, complaints } = await person(browser, base, { shape: PHONE })
	await enter({ page, context, lang: 'zh' }, anna)
	const across = () => page.setViewportSize({ width: height, height: width })
	const upright = () => page.setViewportSize({ width, height })
	const sheet = page.getByRole('dialog')
	/** All of it can be reached: what does not fit is scrolled to. */
	const reach = (control, what) =>
		until(async () => {
			await control.scrollIntoViewIfNeeded()
			const box = await control.boundingBox()
			const view = page.viewportSize()
			return box && box.x >= 0 && box.y >= 0 && box.x + box.width <= view.width + 1 && box.y + box.height <= view.height + 1
		}, `${what} lies outside`)

	await check('turned, the form of a contact stays open with its words and what is being recorded', async () => {
		await page.goto(`/leads/${made.id}`)
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		const words = sheet.locator('textarea[name=summary]')
		await words.fill('转动手机之前写下的话')
		await sheet.locator('.attach-voice').click()
		await sheet.locator('.attach-stop').waitFor()
		await across()
		await page.locator('.side').waitFor()
		assert((await words.inputValue()) === '转动手机之前写下的话', 'the words are lost')
		await reach(words, 'the words')
		await reach(sheet.locator('button[type=submit]'), 'the button that saves')
		await shot(page, 'turned-touch')
		await until(async () => (await sheet.locator('.attach-stop').innerText()).includes('1:5'), 'the recording goes on')
		await upright()
		await page.locator('.ptabs').waitFor({ state: 'attached' })
		await sheet.locator('.attach-stop').click()
		await sheet.locator('.attach-one audio').waitFor()
		assert((await words.inputValue()) === '转动手机之前写下的话', 'the words are lost on the way back')
		await page.keyboard.press('Escape')
		await sheet.waitFor({ state: 'detached' })
	})

	await check('what can be done with the lead is there once, upright and across', async () => {
		const touch = page.locator('.acts').getByRole('button', { name: '记录联系' })
		for (const turn of [across, upright]) {
			await turn()
			const place = turn === upright ? '.rec-bar' : '.rec-top'
			await page.locator(place).getByRole('button', { name: '记录联系' }).waitFor()
			assert((await touch.count()) === 1, 'the button is there twice')
		}
	})

	await check('fields that are a tab upright stand beside the page across', async () => {
		await page.getByRole('tab', { name: '资料' }).click()
		await page.locator('.rec-main .rfields').first().waitFor()
		await across()
		await page.locator('.rec-side .rfields').first().waitFor()
		await until(async () => (await page.locator('.rec-main .rfields').count()) === 0, 'the fields stand there once')
		assert((await page.getByRole('tab', { selected: true }).count()) === 1, 'no tab is chosen')
		await shot(page, 'turned-fields')
		await upright()
	})

	await check('turned, a new lead keeps what was typed', async () => {
		await page.goto('/leads')
		await page.getByRole('button', { name: /新建线索/ }).first().click()
		const box = sheet.locator('input').first()
		await box.fill('转动前的名字')
		await across()
		assert((await box.inputValue()) === '转动前的名字', 'the name is lost')
		await reach(sheet.locator('.dialog-foot .btn-primary, button[type=submit]').last(), 'the button that saves')
		await shot(page, 'turned-new-lead')
		await upright()
		assert((await box.inputValue()) === '转动前的名字', 'the name is lost on the way back')
	})
	await check('the page has nothing to complain about', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()

	for (const [lang, theme] of [['zh', 'light'], ['en', 'dark']]) {
		await check(`across, the navigation is a rail and the page has the width (${theme}, ${lang})`, async () => {
			const who = await person(browser, base, { shape: { ...PHONE, viewport: { width: height, height: width } }, lang, theme })
			await enter({ ...who, lang }, anna)
			await who.page.locator('.desk').waitFor()
			for (const path of ['/', '/leads', `/leads/${made.id}`]) {
				await who.page.goto(path)
				await who.page.locator('.side-here').waitFor()
				const { width: room } = await who.page.locator('#content').boundingBox()
				assert(room > height * 0.88, `${path} has ${room} of ${height}`)
				const small = await who.page.locator('.side a, .side button').evaluateAll((all) => all.filter((one) => one.offsetHeight < 43.5).map((one) => one.textContent))
				assert(small.length === 0, `small targets: ${small}`)
				await shot(who.page, `turned-rail-${path.split('/')[1] || 'desk'}-${theme}${path.length > 7 ? '-one' : ''}`)
			}
			const faults = await axe(who.page)
			assert(faults.length === 0, faults.join('\n'))
			await who.page.locator('.user').click()
			await who.page.getByRole('menuitem').first().waitFor()
			assert(who.complaints.length === 0, who.complaints.join('\n'))
			await who.context.close()
		})
	}

	await check('without the microphone it is said what to do, and the rest of the form works', async () => {
		const other = await launch([...FLAGS.filter((flag) => !flag.includes('fake-ui')), '--use-fake-ui-for-media-stream=deny'])
		try {
			const who = await person(other.browser, base, { shape: PHONE })
			await enter(who, anna)
			await who.page.goto(`/leads/${made.id}`)
			await who.page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
			await who.page.locator('.attach-voice').click()
			await who.page.getByRole('alert').filter({ hasText: '麦克风' }).waitFor()
			await shot(who.page, 'turned-no-microphone')
			assert(await who.page.locator('.attach-photo').isEnabled(), 'photos are shut out too')
		} finally {
			await other.close()
		}
	})
}
