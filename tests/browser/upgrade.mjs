// A newer release that keeps its data on the device in another form, while a tab of the older one stands open with something half typed: both end
// well, nothing is lost, nothing is sent twice. (O7)
import { arrange, assert, enter, person, PHONE, shot, until, WAIT_MS } from './lib.mjs'
import { kept, picture, ready } from './lib/device.mjs'
import { front } from './lib/front.mjs'

const SUMMARY = '已到现场拍照，机器铭牌看得清楚，客户要求下周给出维修方案。'
const EARLIER = '电话里确认了安装时间，周四上午带两位工程师过去。'

export async function run({ base, password, browser, check }) {
	const { sellers, lead, must } = await arrange(base, password)
	const [anna] = await sellers(1)
	const house = await front(base)
	const who = await person(browser, house.base, { shape: PHONE })
	const { context, page: old } = who
	const complaints = []
	const release = (page) => page.evaluate(() => document.querySelector('meta[name=test-release]')?.content ?? 'this').catch(() => '')
	const version = (page) => page.evaluate(async () => (await indexedDB.databases()).find(({ name }) => name === 'tenon').version)
	const contacts = async (made) => (await must('GET', `/leads/${made.id}/timeline`)).items.filter((item) => item.kind === 'activity')
	const files = async (made) => (await must('GET', `/leads/${made.id}/files`)).items
	const [made, earlier] = [await lead(anna), await lead(anna)]

	async function openTouch(page, at) {
		await page.goto(`/leads/${at.id}`)
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		await page.locator('.touch textarea[name=summary]').waitFor()
	}

	await check('an older tab lets go of the data, keeps what was typed, and says that a newer release is ready', async () => {
		await enter(who, anna)
		await old.locator('.desk').waitFor()
		await ready(old)
		// A contact that waits: its way to the server is closed for now.
		await context.route('**/api/v1/leads/*/touch', (route) => route.abort())
		await openTouch(old, earlier)
		await old.locator('.touch textarea[name=summary]').fill(EARLIER)
		await old.locator('.touch button[type=submit]').click()
		await old.locator('.conn-act', { hasText: '1 条' }).waitFor()
		await openTouch(old, made)
		await old.locator('.touch textarea[name=summary]').fill(SUMMARY)
		await old.locator('.touch input[capture]').setInputFiles(await picture(old, 300, 200, '铭牌.png'))
		await old.locator('.attach-thumb').waitFor()
		await old.evaluate(() => (window.stands = true))

		const next = await context.newPage()
		next.setDefaultTimeout(WAIT_MS)
		next.on('pageerror', (error) => complaints.push(String(error)))
		await next.goto('/')
		await next.locator('.desk').waitFor()
		await house.next({ schema: true })
		await next.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()))
		await next.locator('.conn-new').click()
		await until(async () => (await release(next)) === 'next', 'the newer release stands')
		await next.locator('.desk').waitFor()
		await until(async () => (await version(next)) === 99, 'the newer release has opened the data')
		await next.locator('.conn-act', { hasText: '1 条' }).waitFor()

		await old.locator('.conn-new').waitFor()
		assert((await old.evaluate(() => window.stands)) && (await release(old)) === 'this', 'the older tab loaded by itself')
		assert((await old.locator('.touch textarea[name=summary]').inputValue()) === SUMMARY, 'the text is lost')
		await shot(old, 'upgrade-old')
	})

	await check('saved in the older tab it is not taken for kept, and the form keeps it', async () => {
		await old.locator('.touch button[type=submit]').click()
		await old.locator('.touch', { hasText: '新版本已在另一个标签页中启用' }).waitFor()
		await shot(old, 'upgrade-refused')
		assert((await old.locator('.touch textarea[name=summary]').inputValue()) === SUMMARY && (await old.locator('.attach-one').count()) === 1, 'the form is empty')
	})

	await check('what waited is sent by the newer one, once', async () => {
		assert((await contacts(earlier)).length === 0, 'it arrived while its way was closed')
		await context.unroute('**/api/v1/leads/*/touch')
		const [, next] = context.pages()
		await next.evaluate(() => dispatchEvent(new Event('online')))
		await until(async () => (await contacts(earlier)).length === 1, 'it arrives')
		await until(async () => (await kept(next, 'draft')).every((draft) => draft.state === 'begun'), 'nothing waits any more')
		assert((await contacts(earlier)).length === 1, 'it is there twice')
	})

	await check('updated, the older tab has the text and the photo again, and both arrive once', async () => {
		await old.locator('.touch').getByRole('button', { name: '立即更新' }).click()
		await until(async () => (await release(old)) === 'next', 'the tab loads the newer release')
		await openTouch(old, made)
		assert((await old.locator('.touch textarea[name=summary]').inputValue()) === SUMMARY, 'the text is lost')
		await old.locator('.attach-thumb').waitFor()
		await old.locator('.touch button[type=submit]').click()
		await until(async () => (await files(made)).length === 1, 'the photo arrives', 40_000)
		const [contact, ...more] = await contacts(made)
		assert(more.length === 0 && (await files(made))[0].activity, JSON.stringify([contact, more]))
		await until(async () => (await kept(old, 'draft')).length + (await kept(old, 'content')).length === 0, 'nothing is left on the device')
	})

	await check('the pages have nothing to complain about', async () => assert(who.complaints.length + complaints.length === 0, [...who.complaints, ...complaints].join('\n')))
	await context.close()
	await house.close()
}
