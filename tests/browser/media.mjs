// Other ways of looking: colours chosen by the system, and paper.
import { arrange, assert, person, shot, signIn, until } from './lib.mjs'

export async function run({ base, password, browser, check }) {
	const { sellers, lead } = await arrange(base, password)
	const [anna] = await sellers(1)
	const made = await lead(anna)
	const { page, context } = await person(browser, base)
	await signIn(page, 'admin', password)
	const ground = (at) => page.locator(at).first().evaluate((one) => getComputedStyle(one).backgroundColor)

	await check('in forced colours one sees which page, tab and stage one is at', async () => {
		await page.emulateMedia({ forcedColors: 'active' })
		await page.goto(`/leads/${made.id}`)
		await page.locator('.path-here').waitFor()
		for (const [here, other] of [['.side-item[aria-current]', '.side-item:not([aria-current])'], ['.tab[aria-selected=true]', '.tab[aria-selected=false]'], ['.path-here', '.path-step:not(.path-here)']]) {
			await until(async () => (await ground(here)) !== (await ground(other)), `${here} looks like the others`)
		}
		await shot(page, 'media-forced')
		await page.emulateMedia({ forcedColors: null })
	})

	await check('a lead and a page of the settings are printed whole, without the navigation', async () => {
		for (const [path, ready] of [[`/leads/${made.id}`, '.path-here'], ['/settings/policy', '.policy-form']]) {
			await page.goto(path)
			await page.locator(ready).first().waitFor()
			await page.emulateMedia({ media: 'print' })
			assert(!(await page.locator('.side').isVisible()), `${path}: the navigation is printed`)
			const cut = await page.evaluate(() => [...document.querySelectorAll('.panel, .panel-body, .rec-body, #app')].filter((one) => one.scrollHeight > one.clientHeight + 2 && getComputedStyle(one).overflowY !== 'visible').map((one) => one.className))
			assert(cut.length === 0, `${path}: cut off in ${cut.join()}`)
			await shot(page, path === '/settings/policy' ? 'media-print-policy' : 'media-print')
			await page.emulateMedia({ media: null })
		}
	})
	await context.close()
}
