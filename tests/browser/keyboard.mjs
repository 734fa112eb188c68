// Without a mouse: Tab goes through every page and never stays, what has the focus is in sight and marked, and Escape leads back to
// where one came from.
import { arrange, assert, enter, person, signIn, until } from './lib.mjs'

const STOPS_MAX = 160
// A field for a time has stops of its own: hours, minutes, a button.
const SAME_MAX = 8

/** The element with the focus: which, whether it lies in sight, and whether it or what stands for it is marked. */
const focused = (page) => page.evaluate(() => {
	const here = document.activeElement
	if (!here || here === document.body) return null
	const box = here.getBoundingClientRect()
	const outlined = (one) => getComputedStyle(one).outlineStyle !== 'none' && Number.parseFloat(getComputedStyle(one).outlineWidth) > 0
	const active = document.getElementById(here.getAttribute('aria-activedescendant') ?? '')
	const field = here.closest('.input, .field, label')
	const stands = [here, here.parentElement, ...(here.parentElement?.children ?? []), field, ...(field?.children ?? []), active].filter(Boolean)
	window.seenStops ??= new Map()
	if (!window.seenStops.has(here)) window.seenStops.set(here, window.seenStops.size)
	return {
		stop: window.seenStops.get(here),
		name: `${here.tagName.toLowerCase()}.${[...here.classList].join('.')} ${(here.ariaLabel ?? here.textContent ?? '').trim().slice(0, 30)}`,
		inSight: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
		marked: stands.some(outlined) || (active !== null && getComputedStyle(active, '::after').content !== 'none'),
	}
})

async function tabThrough(page) {
	const seen = new Map()
	for (let n = 0; n < STOPS_MAX; n++) {
		await page.keyboard.press('Tab')
		const here = await focused(page)
		if (!here) return seen.size
		const times = (seen.get(here.stop) ?? 0) + 1
		seen.set(here.stop, times)
		if (here.stop === 0 && seen.size > 1) return seen.size
		assert(times <= SAME_MAX, `Tab stays at ${here.name}`)
		assert(here.inSight, `out of sight: ${here.name}`)
		assert(here.marked, `nothing marks ${here.name}`)
	}
	return seen.size
}

const has = (page, selector) => page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)

export async function run({ base, password, browser, check }) {
	const { sellers, lead } = await arrange(base, password)
	const [ben] = await sellers(1)
	const mine = [await lead(ben), await lead(ben)]
	const seller = await person(browser, base)
	const boss = await person(browser, base)
	await enter(seller, ben)
	await signIn(boss.page, 'admin', password)

	for (const [who, path, ready] of [
		[seller, '/', '.dcard'], [seller, '/leads', '.lrow'], [seller, `/leads/${mine[0].id}`, '.rec-tabs'], [boss, '/board', '[data-person]'],
		[boss, '/settings/policy', '.policy-form'], [boss, '/settings/sources', '.table-link'],
	]) {
		await check(`Tab goes through ${path.replace(/[0-9a-f-]{36}/, 'a lead')}`, async () => {
			await who.page.goto(path)
			await who.page.locator(ready).first().waitFor()
			assert((await tabThrough(who.page)) > 10, 'there is more on the page')
		})
	}

	await check('the skip link is the first stop and leads to the content', async () => {
		await seller.page.goto('/')
		await seller.page.locator('.dcard').first().waitFor()
		await seller.page.keyboard.press('Tab')
		assert(await has(seller.page, '.skip'), 'another stop is first')
		await seller.page.keyboard.press('Enter')
		await until(() => has(seller.page, '#content'), 'the content has the focus')
	})

	await check('a card of the desk: T logs a contact, Escape comes back to the card', async () => {
		await seller.page.goto('/')
		const card = seller.page.locator(`.dcard[data-lead="${mine[0].id}"]`)
		await card.focus()
		await seller.page.keyboard.press('t')
		await until(() => has(seller.page, '.dialog textarea'), 'the summary has the focus')
		await seller.page.keyboard.press('Escape')
		await until(() => card.evaluate((one) => one === document.activeElement), 'the card has the focus again')
	})

	await check('the list: arrows, Enter, Escape; in the record arrows change tabs', async () => {
		const { page } = seller
		await page.goto('/leads')
		await page.locator('.lrow').first().waitFor()
		await page.getByRole('grid').focus()
		await page.keyboard.press('ArrowDown')
		await page.keyboard.press('Enter')
		await page.locator('.drawer .rec-tabs').waitFor()
		await page.locator('.drawer .rec-tabs [aria-selected=true]').focus()
		await page.keyboard.press('ArrowRight')
		await until(() => page.evaluate(() => document.activeElement?.getAttribute('aria-selected') === 'true'), 'the focus went with the tab')
		await page.keyboard.press('Escape')
		await until(() => has(page, '.lgrid'), 'the list has the focus again')
	})

	await check('the board: who gets a lead is searched at once, and Escape comes back', async () => {
		const { page } = boss
		await page.goto('/board')
		const give = page.locator('.blead .btn-icon').first()
		await give.focus()
		await page.keyboard.press('Enter')
		await until(() => has(page, '.popover input'), 'the search of names has the focus')
		await page.keyboard.press('Escape')
		await until(() => give.evaluate((one) => one === document.activeElement), 'the button has the focus again')
	})

	for (const [path, opener] of [['/settings/sources', '.table-link'], ['/settings/policy', '.panel-head button']]) {
		await check(`${path}: the drawer takes the focus, and Escape gives it back`, async () => {
			await boss.page.goto(path)
			const from = boss.page.locator(opener).first()
			await from.focus()
			await boss.page.keyboard.press('Enter')
			await until(() => boss.page.evaluate(() => document.activeElement?.closest('.drawer') !== null), 'the drawer has the focus')
			await boss.page.keyboard.press('Escape')
			await until(() => from.evaluate((one) => one === document.activeElement), 'where one came from has the focus again')
		})
	}

	await check('a dialog begins at its first field: a new customer, a lead handed over', async () => {
		const { page } = boss
		await page.goto('/records/account')
		const add = page.getByRole('button', { name: '新建客户' }).first()
		await add.focus()
		await page.keyboard.press('Enter')
		await until(() => page.evaluate(() => document.activeElement === document.querySelector('.dialog-body input')), 'the name has the focus')
		await page.goto(`/leads/${mine[1].id}`)
		await page.getByRole('button', { name: '移交' }).first().focus()
		await page.keyboard.press('Enter')
		await until(() => has(page, '.dialog .pick'), 'the picker of people has the focus')
	})

	await check('the palette finds in all leads what it does not know itself', async () => {
		const { page } = boss
		await page.goto('/')
		await page.locator('.desk').waitFor()
		await page.keyboard.press('Control+k')
		await page.locator('.palette input').waitFor()
		await page.keyboard.type('找不到的公司')
		await page.getByRole('option', { name: /在全部线索中查找/ }).waitFor()
		await page.keyboard.press('Enter')
		await page.waitForURL((url) => url.pathname === '/leads' && url.searchParams.get('q') === '找不到的公司')
	})

	await check('no complaints', async () => assert(seller.complaints.concat(boss.complaints).length === 0, seller.complaints.concat(boss.complaints).join('\n')))
	await seller.context.close()
	await boss.context.close()
}
