// The lead list: views, keyboard, search, filter, live rows, creating with the duplicate check, bulk acts with undo, bin, scrolling.
// (L10, L15, D1, F10)
import { arrange, assert, enter, lookAt, newPhone, person, shot, unique, until } from './lib.mjs'

export async function run({ base, password, browser, check }) {
	const { must, sellers, lead } = await arrange(base, password)
	const [anna, ben] = await sellers(2)
	const who = await person(browser, base)
	const boss = await person(browser, base)
	await enter(who, anna)
	const admin = { login: 'admin', password }
	await enter(boss, admin)
	const row = (someone, made) => someone.page.locator(`#lead-${made.id}`)
	const seek = async (someone, text) => {
		await someone.page.locator('.search-box input').fill(text)
		await someone.page.waitForURL((url) => (url.searchParams.get('q') ?? '') === text)
	}

	const word = unique('筛选')
	const made = []
	for (let n = 0; n < 3; n++) made.push(await lead(anna, { company: `${word}第${n}号有限公司`, city: n === 0 ? '宁波市' : '杭州市' }))

	await check('the list opens on my own leads', async () => {
		await who.page.goto('/leads')
		await row(who, made[0]).waitFor()
		const mine = await who.page.locator('.lrow .lcell-owner').allInnerTexts()
		assert(mine.length > 0 && mine.every((text) => text.includes(anna.name)), `others' leads in "mine": ${mine}`)
	})

	await check('a lead that is assigned elsewhere comes into my list live', async () => {
		// What flashes does so for a moment: it is noted down, not looked for.
		await who.page.evaluate(() => {
			window.flashed = new Set()
			const note = () => document.querySelectorAll('.lrow-flash').forEach((element) => window.flashed.add(element.id))
			new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['class', 'id'] })
		})
		const fresh = await lead(anna, { company: unique('直播') })
		await row(who, fresh).waitFor()
		await until(() => who.page.evaluate((id) => window.flashed.has(id), `lead-${fresh.id}`), 'the new row flashes')
		await must('POST', `/leads/${fresh.id}/assign`, { to: ben.id })
		await until(async () => (await row(who, fresh).count()) === 0, 'it leaves my list when it is handed over')
	})

	await check('search narrows, the address keeps it, back brings it back', async () => {
		await who.page.goto('/leads?view=mine')
		await who.page.locator('.lrow').first().waitFor()
		await who.page.keyboard.press('/')
		await who.page.keyboard.type(word)
		await until(async () => (await who.page.locator('.lrow').count()) === 3, 'three leads are found')
		await who.page.reload()
		await until(async () => (await who.page.locator('.lrow').count()) === 3, 'the search is in the address')
	})

	await check('arrows move, space marks, Enter opens, Escape comes back to the list', async () => {
		await who.page.locator('.lgrid').focus()
		await who.page.keyboard.press('ArrowDown')
		await who.page.keyboard.press('Space')
		await until(async () => (await who.page.locator('.lrow-on').count()) === 1, 'one row is marked')
		await who.page.keyboard.press('Enter')
		const heading = who.page.locator('.drawer .rec-title').filter({ hasText: word })
		await heading.waitFor()
		const title = await heading.innerText()
		await who.page.keyboard.press('j')
		await until(async () => (await who.page.locator('.drawer .rec-title').innerText()) !== title, 'J goes to the next lead')
		await who.page.keyboard.press('Escape')
		await who.page.locator('.drawer').waitFor({ state: 'detached' })
		await until(() => who.page.evaluate(() => document.activeElement?.classList.contains('lgrid')), 'the focus returns to the list')
	})

	await check('a filter is built, counted, applied and cleared', async () => {
		await who.page.goto(`/leads?view=mine&q=${encodeURIComponent(word)}`)
		await who.page.getByRole('button', { name: '筛选' }).click()
		await who.page.getByRole('button', { name: '添加条件' }).click()
		const line = who.page.locator('.fbuild-row')
		await line.locator('select').nth(0).selectOption('city')
		await line.locator('select').nth(1).selectOption('is')
		await line.locator('input').fill('宁波市')
		await until(async () => (await who.page.locator('.lrow').count()) === 1, 'one lead in that city')
		await until(async () => /\d/.test(await who.page.locator('.fbuild [role=status]').innerText()), 'the server counts the matches')
		await shot(who.page, 'leads-filter')
		await who.page.getByRole('button', { name: '全部清除' }).click()
		await until(async () => (await who.page.locator('.lrow').count()) === 3, 'all three are back')
		await who.page.keyboard.press('Escape')
	})

	await check('a column is hidden, and stays hidden after a reload', async () => {
		await who.page.getByRole('button', { name: '字段' }).click()
		await who.page.locator('.ltools-columns').getByText('热度').click()
		await until(async () => (await who.page.locator('.lhead').getByText('热度').count()) === 0, 'the column leaves')
		await who.page.reload()
		await who.page.locator('.lhead').waitFor()
		await until(async () => (await who.page.locator('.lhead').getByText('热度').count()) === 0, 'it came back')
		await who.page.evaluate(() => localStorage.removeItem('tenon.leads.columns'))
	})

	await check('creating by hand warns of a high-risk duplicate in red before saving', async () => {
		const phone = newPhone()
		const first = await lead(anna, { phone, company: unique('查重') })
		await who.page.goto('/leads?view=mine')
		await who.page.locator('.lrow').first().waitFor()
		await who.page.locator('.lgrid').focus()
		await who.page.keyboard.press('n')
		await who.page.locator('input[name=phone]').fill(phone)
		const box = who.page.locator('.dup-risk')
		await box.waitFor()
		await until(async () => (await box.innerText()).includes(first.company), 'the existing record is not named')
		await shot(who.page, 'leads-duplicate')
		await box.getByRole('button').first().click()
		await who.page.locator('.drawer .rec-title', { hasText: first.company }).waitFor()
		await who.page.keyboard.press('Escape')
		await who.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('draft')).forEach((key) => localStorage.removeItem(key)))
	})

	await check('a lead is created by hand and opens', async () => {
		const company = unique('手工')
		await who.page.goto('/leads?new=1')
		await who.page.locator('input[name=company]').fill(company)
		await who.page.locator('input[name=phone]').fill(newPhone())
		await who.page.locator('.dialog button[type=submit]').click()
		await who.page.locator('.rec-title', { hasText: company }).waitFor()
		await who.page.keyboard.press('Escape')
	})

	await check('a bad phone number is named at its field, nothing typed is lost', async () => {
		await who.page.goto('/leads?new=1')
		await who.page.locator('input[name=name]').fill('号码测试')
		await who.page.locator('input[name=phone]').fill('12')
		await who.page.locator('.dialog button[type=submit]').click()
		await who.page.locator('.dialog .field-fault, .dialog .error').first().waitFor()
		await until(async () => (await who.page.locator('input[name=name]').inputValue()) === '号码测试', 'the name is lost')
		await who.page.locator('input[name=phone]').fill('')
		await who.page.locator('input[name=name]').fill('')
		await who.page.keyboard.press('Escape')
	})

	await check('many are handed over at once, and it can be undone', async () => {
		await boss.page.goto(`/leads?view=all&q=${encodeURIComponent(word)}`)
		await until(async () => (await boss.page.locator('.lrow').count()) === 3, 'three leads are found')
		await boss.page.locator('.lrow input').nth(0).click()
		await boss.page.locator('.lrow input').nth(2).click({ modifiers: ['Shift'] })
		await until(async () => (await boss.page.locator('.lrow-on').count()) === 3, 'the range is marked')
		await boss.page.locator('.selbar .pick').click()
		await boss.page.locator('.pick-panel input').fill(ben.name)
		await boss.page.locator('.pick-item', { hasText: ben.name }).first().click()
		const owners = async () => (await boss.page.locator('.lcell-owner').allInnerTexts()).map((text) => text.trim())
		await until(async () => (await owners()).every((text) => text.includes(ben.name)), 'all three change their owner')
		await boss.page.locator('.toast button', { hasText: '撤销' }).click()
		await until(async () => (await owners()).every((text) => text.includes(anna.name)), 'undo brings the owner back')
	})

	await check('many are deleted at once, found in the bin and restored', async () => {
		await who.page.goto(`/leads?view=mine&q=${encodeURIComponent(word)}`)
		await until(async () => (await who.page.locator('.lrow').count()) === 3, 'three leads are found')
		await who.page.locator('.lrow input').nth(0).click()
		await who.page.locator('.lrow input').nth(1).click()
		await who.page.locator('.selbar').getByRole('button', { name: '删除' }).click()
		await until(async () => (await who.page.locator('.lrow').count()) === 1, 'two rows leave')
		await who.page.getByRole('tab', { name: '回收站' }).click()
		await until(async () => (await who.page.locator('.lrow', { hasText: word }).count()) === 2, 'they lie in the bin')
		await who.page.locator('.lrow', { hasText: word }).nth(0).locator('input').click()
		await who.page.locator('.lrow', { hasText: word }).nth(1).locator('input').click()
		await who.page.locator('.selbar').getByRole('button', { name: '恢复' }).click()
		await who.page.getByRole('tab', { name: '我的', exact: true }).click()
		await until(async () => (await who.page.locator('.lrow').count()) === 3, 'they are back')
	})

	await check('a delete is undone from its toast', async () => {
		await who.page.locator('.lrow input').nth(0).click()
		await who.page.locator('.selbar').getByRole('button', { name: '删除' }).click()
		await until(async () => (await who.page.locator('.lrow').count()) === 2, 'one row leaves')
		await who.page.locator('.toast button', { hasText: '撤销' }).last().click()
		await until(async () => (await who.page.locator('.lrow').count()) === 3, 'it is back')
	})

	await check('scrolling far loads page after page and never leaves the view empty', async () => {
		await boss.page.goto('/leads?view=all')
		await boss.page.locator('.lrow').first().waitFor()
		const total = await boss.page.locator('.lgrid').getAttribute('aria-rowcount')
		await boss.page.evaluate(() => {
			const grid = document.querySelector('.lgrid')
			grid.scrollTop = Math.min(grid.scrollHeight, 36 * 1500)
		})
		await until(async () => (await boss.page.locator('.lrow:not(.lrow-wait)').count()) > 10 && Number(await boss.page.locator('.lrow:not(.lrow-wait)').first().getAttribute('aria-rowindex')) > 300, `rows far below appear (of ${total})`, 20_000)
		await until(async () => (await boss.page.locator('.lrow').count()) < 80, 'more rows are drawn than can be seen')
	})

	await check('the pages did not complain', () => {
		const all = [...who.complaints, ...boss.complaints]
		assert(all.length === 0, all.join('\n'))
	})
	await who.context.close()
	await boss.context.close()
	await lookAt(browser, base, check, anna, '/leads?view=mine', '.lrow, .pcard', 'leads')
}
