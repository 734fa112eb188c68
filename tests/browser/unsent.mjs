// Photos and voice notes chosen without a line: kept with their contact, listed, removable; sent after it, once, by the page or without one;
// refused with the reason; bounded; gone with the person. (O7)
import { readFileSync } from 'node:fs'
import { api, arrange, assert, axe, enter, person, PHONE, shapes, shot, token, until, WAIT_MS } from './lib.mjs'
import { kept, picture, ready } from './lib/device.mjs'

const SUMMARY = '已到现场拍照，机器铭牌看得清楚，客户要求下周给出维修方案。'

export async function run({ base, password, browser, check }) {
	const { must, sellers, lead } = await arrange(base, password)
	const [anna, ben] = await sellers(2)
	const who = await person(browser, base, { shape: PHONE })
	const { context } = who
	let page = who.page
	await enter(who, anna)
	const own = api(base, await token(base, anna.login, anna.password))
	const files = async (made) => (await must('GET', `/leads/${made.id}/files`)).items
	const contacts = async (made) => (await must('GET', `/leads/${made.id}/timeline`)).items.filter((item) => item.kind === 'activity')
	const waiting = (n) => page.locator('.conn-act', { hasText: `${n} 条` }).waitFor()
	const photo = await picture(page, 300, 200, '铭牌.png')

	async function reopen(path) {
		await page.close()
		page = await context.newPage()
		page.setDefaultTimeout(WAIT_MS)
		await page.goto(path)
	}

	/** Opens a lead while there is a line, then takes the line away. */
	async function offlineAt(made) {
		await page.goto(`/leads/${made.id}`)
		await page.locator('.rec-bar').waitFor()
		await ready(page, made)
		await context.setOffline(true)
	}

	/** Logs a contact with a photo and, if wanted, a voice note. */
	async function logContact({ voice = false } = {}) {
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		const form = page.locator('.touch')
		await form.locator('textarea[name=summary]').fill(SUMMARY)
		await form.locator('input[capture]').setInputFiles(photo)
		await form.locator('.attach-thumb').waitFor()
		if (voice) {
			await form.locator('.attach-voice').click()
			await until(async () => (await form.locator('.attach-stop').innerText()).includes('1:5'), 'it records')
		}
		await form.locator('button[type=submit]').click()
		await form.waitFor({ state: 'detached' })
	}

	await check('chosen before the contact is saved, they come back with its text after the tab was closed, without a line', async () => {
		const one = await lead(anna)
		await offlineAt(one)
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		await page.locator('.touch textarea[name=summary]').fill(SUMMARY)
		await page.locator('.touch input[capture]').setInputFiles(photo)
		await page.locator('.attach-thumb').waitFor()
		await page.locator('.attach-voice').click()
		await until(async () => (await page.locator('.attach-stop').innerText()).includes('1:5'), 'it records')
		await page.locator('.attach-stop').click()
		await page.locator('.attach-one audio').waitFor()
		assert((await page.locator('.conn-act').count()) === 0, 'what is not saved is said to be on its way')
		await reopen(`/leads/${one.id}`)
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		await page.locator('.attach-thumb').waitFor()
		await page.locator('.attach-one audio').waitFor()
		assert((await page.locator('.touch textarea[name=summary]').inputValue()) === SUMMARY, 'the text is lost')
		await shot(page, 'unsent-restored')
		const width = await page.locator('.attach-thumb').evaluate(async (img) => (await img.decode(), img.naturalWidth))
		assert(width === 300, `it is no longer that picture: ${width}`)
		await page.locator('.attach-one', { hasText: '铭牌.png' }).getByRole('button').click()
		await page.locator('.attach-thumb').waitFor({ state: 'detached' })
		assert((await kept(page, 'content')).length === 1, 'what was taken away is still on the device')
		await context.setOffline(false)
		await page.locator('.touch button[type=submit]').click()
		await page.locator('.touch').waitFor({ state: 'detached' })
		await until(async () => (await files(one)).length === 1, 'the voice note arrives', 40_000)
		assert((await contacts(one)).length === 1 && (await files(one))[0].activity, 'it has no contact')
		await until(async () => (await kept(page, 'content')).length === 0, 'the bytes stay on the device')
	})

	await check('refused while the person looks on, the contact keeps its files in the form and on the device', async () => {
		const one = await lead(anna)
		await page.goto(`/leads/${one.id}`)
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		await page.locator('.touch textarea[name=summary]').fill(SUMMARY)
		await page.locator('.touch input[capture]').setInputFiles(photo)
		await page.locator('.attach-thumb').waitFor()
		const path = '**/api/v1/leads/*/touch'
		await page.route(path, (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ status: 409, code: 'protected', detail: '这条线索由别人负责。' }) }))
		await page.locator('.touch button[type=submit]').click()
		await page.locator('.touch', { hasText: '这条线索由别人负责' }).waitFor()
		await page.unroute(path)
		await page.locator('.attach-thumb').waitFor()
		await until(async () => (await kept(page, 'draft')).map(({ act, state }) => `${act} ${state}`).join() === 'file begun', 'the photo waits for its contact again')
		assert((await files(one)).length === 0, 'it went without its contact')
		await page.locator('.attach-one').getByRole('button').click()
		await page.locator('.attach-one').waitFor({ state: 'detached' })
		await page.keyboard.press('Escape')
	})

	const made = await lead(anna)
	await check('a photo and a voice note wait with their contact, and outlive a closed tab and a reload', async () => {
		await offlineAt(made)
		await logContact({ voice: true })
		await waiting(3)
		await reopen(`/leads/${made.id}`)
		await waiting(3)
		await page.reload()
		await waiting(3)
		const contents = await kept(page, 'content')
		assert(contents.length === 2 && contents.every((one) => one.size > 100), JSON.stringify(contents))
		assert((await files(made)).length === 0, 'they reached the server without a line')
	})

	await check('they are listed with name, size and state, can be removed there, and taken back', async () => {
		await page.locator('.conn-act').click()
		const item = page.locator('.unsent', { hasText: '铭牌.png' })
		const said = await item.innerText()
		assert(said.includes('照片') && / · \d.* (B|KB)/.test(said) && said.includes('待发送') && said.includes('等联系记录先发送'), said)
		await page.locator('.unsent', { hasText: '语音' }).waitFor()
		await shot(page, 'unsent-list')
		const faults = await axe(page)
		assert(faults.length === 0, faults.join('\n'))
		await item.getByRole('button', { name: '丢弃' }).click()
		await item.waitFor({ state: 'detached' })
		assert((await kept(page, 'content')).length === 1, 'its content is still there')
		await page.locator('.unsent-gone').getByRole('button', { name: '撤销' }).click()
		await item.waitFor()
		await page.keyboard.press('Escape')
	})

	await check('thrown away, a contact takes its files with it, and brings them back', async () => {
		await page.locator('.conn-act').click()
		await page.locator('.unsent', { hasText: SUMMARY }).getByRole('button', { name: '丢弃' }).click()
		await page.locator('.toast', { hasText: '连同 2 个附件' }).getByRole('button', { name: '撤销' }).click()
		await waiting(3)
		assert((await kept(page, 'content')).length === 2, 'not all came back')
		await page.keyboard.press('Escape')
	})

	await check('with the line back they arrive after their contact, once, and leave the device', async () => {
		await context.setOffline(false)
		await until(async () => (await files(made)).length === 2, 'the files arrive', 40_000)
		await page.locator('.conn-act').waitFor({ state: 'detached' })
		const all = await contacts(made)
		assert(all.length === 1, 'the contact is not there once')
		const listed = await files(made)
		assert(listed.every((one) => one.activity === listed[0].activity && one.activity), JSON.stringify(listed))
		assert((await kept(page, 'content')).length === 0, 'the bytes stay on the device')
		await page.reload()
		await page.locator('.rec-bar').waitFor()
		assert((await files(made)).length === 2, 'they were sent twice')
	})

	await check('an answer that got lost makes no second file', async () => {
		const one = await lead(anna)
		await page.goto(`/leads/${one.id}`)
		await page.locator('.rec-bar').waitFor()
		await ready(page, one)
		const path = /\/leads\/[^/]+\/files\?/
		let lost = 0
		await page.route(path, async (route) => {
			await route.fetch()
			lost++
			await route.abort()
		})
		await logContact()
		await until(() => lost > 0, 'it was sent')
		await waiting(1)
		await page.unrouteAll({ behavior: 'wait' })
		await page.locator('.conn-act').click()
		await page.locator('.dialog').getByRole('button', { name: '立即发送' }).click()
		await page.locator('.conn-act').waitFor({ state: 'detached' })
		assert((await files(one)).length === 1, 'it is there more than once')
	})

	await check('the browser sends them when no page is open', async () => {
		const one = await lead(anna)
		await offlineAt(one)
		await logContact()
		await waiting(2)
		await page.close()
		await context.setOffline(false)
		page = await context.newPage()
		page.setDefaultTimeout(WAIT_MS)
		const cdp = await context.newCDPSession(page)
		const id = new Promise((resolve) => cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => registrations.forEach((r) => r.scopeURL.startsWith(base) && !r.isDeleted && resolve(r.registrationId))))
		await cdp.send('ServiceWorker.enable')
		await cdp.send('ServiceWorker.dispatchSyncEvent', { origin: base, registrationId: await id, tag: 'tenon.unsent', lastChance: true })
		await until(async () => (await files(one)).length === 1, 'the photo arrives', 40_000)
		const [file] = await files(one)
		assert((await contacts(one)).length === 1 && file.activity, 'it has no contact')
		await page.goto(`/leads/${one.id}`)
		await page.locator('.rec-bar').waitFor()
		await until(async () => (await kept(page, 'draft')).length === 0, 'nothing waits any more')
	})

	await check('what the server refuses stays, with its reason, and can be kept elsewhere', async () => {
		const one = await lead(anna)
		await offlineAt(one)
		await page.locator('.rec-tabs').getByRole('tab', { name: '附件' }).click()
		await page.locator('.files input[multiple]').setInputFiles([photo, { name: '坏.html', mimeType: 'text/html', buffer: Buffer.from('<html>') }])
		await waiting(2)
		await shot(page, 'unsent-files-tab')
		await context.setOffline(false)
		await page.locator('.conn-stuck').waitFor({ timeout: 40_000 })
		await until(async () => (await files(one)).length === 1, 'the photo arrives', 40_000)
		await page.locator('.conn-stuck').click()
		const item = page.locator('.unsent', { hasText: '坏.html' })
		assert((await item.innerText()).includes('不接受这种文件'), await item.innerText())
		await shot(page, 'unsent-refused')
		const [download] = await Promise.all([page.waitForEvent('download'), item.getByRole('button', { name: '下载' }).click()])
		assert(download.suggestedFilename() === '坏.html' && readFileSync(await download.path(), 'utf8') === '<html>', download.suggestedFilename())
		await item.getByRole('button', { name: '丢弃' }).click()
		await page.locator('.conn-act').waitFor({ state: 'detached' })
	})

	await check('a lead that went to somebody else meanwhile takes no files, and says so', async () => {
		const one = await lead(anna)
		await offlineAt(one)
		await page.locator('.rec-tabs').getByRole('tab', { name: '附件' }).click()
		await page.locator('.files input[multiple]').setInputFiles(photo)
		await waiting(1)
		await must('POST', `/leads/${one.id}/assign`, { to: ben.id })
		await context.setOffline(false)
		await page.locator('.conn-stuck').click({ timeout: 40_000 })
		const item = page.locator('.unsent', { hasText: '铭牌.png' })
		assert((await item.locator('[role=alert]').innerText()).length > 4, 'no reason')
		await item.getByRole('button', { name: '丢弃' }).click()
		await page.locator('.conn-act').waitFor({ state: 'detached' })
	})

	await check('the device keeps so much and no more, in a sentence', async () => {
		const one = await lead(anna)
		await offlineAt(one)
		const boot = await own('GET', '/boot')
		await page.evaluate(async (user) => {
			const db = await new Promise((resolve) => (indexedDB.open('tenon').onsuccess = (event) => resolve(event.target.result)))
			const tx = db.transaction('draft', 'readwrite')
			tx.objectStore('draft').put({ id: 'large', user, act: 'file', object: 'lead', record: 'x', title: '大', made: 1, lang: 'zh', state: 'refused', body: { name: '大.jpg', type: 'image/jpeg', bytes: 104_857_600 - 100 } })
			await new Promise((resolve) => (tx.oncomplete = resolve))
			db.close()
		}, boot.body.user.id)
		await page.reload()
		await waiting(1)
		await page.locator('.rec-bar').getByRole('button', { name: '记录联系' }).click()
		await page.locator('.touch input[capture]').setInputFiles(photo)
		await page.locator('.attach-error', { hasText: '本机最多保存 100 MB' }).waitFor()
		assert((await page.locator('.attach-thumb').count()) === 0, 'it was taken all the same')
		await shot(page, 'unsent-full')
		await page.keyboard.press('Escape')
	})

	await check('signing out counts them, and leaves no byte behind', async () => {
		await page.evaluate(async () => {
			const db = await new Promise((resolve) => (indexedDB.open('tenon').onsuccess = (event) => resolve(event.target.result)))
			const tx = db.transaction(['draft', 'content'], 'readwrite')
			const [large] = await new Promise((resolve) => (tx.objectStore('draft').getAll().onsuccess = (event) => resolve(event.target.result)))
			tx.objectStore('draft').put({ ...large, id: 'begun', state: 'begun', body: { ...large.body, bytes: 3 } })
			tx.objectStore('content').put({ id: 'begun', user: large.user, bytes: new ArrayBuffer(3) })
			await new Promise((resolve) => (tx.oncomplete = resolve))
			db.close()
		})
		await page.goto('/')
		await page.locator('.ptab').last().click()
		await page.locator('.user').click()
		await page.getByRole('menuitem', { name: '退出登录' }).click()
		await page.getByText(/还有 \d 条内容没有发送/).waitFor()
		await page.getByText('还有 1 个附件属于未保存的联系记录').waitFor()
		await page.getByRole('button', { name: '丢弃并退出' }).click()
		await page.waitForURL('**/sign-in')
		assert((await kept(page, 'draft')).length === 0 && (await kept(page, 'content')).length === 0, 'something is left')
		await context.setOffline(false)
	})

	await check('the page has nothing to complain about', async () => assert(who.complaints.length === 0, who.complaints.join('\n')))
	await context.close()

	for (const how of shapes) {
		await check(`what waits, and a field half edited, are accessible and quiet (${how.name})`, async () => {
			const looker = await person(browser, base, how)
			const one = await lead(anna)
			const tab = (name) => looker.page.locator('.rec-tabs').getByRole('tab', { name })
			try {
				await enter(looker, anna)
				await looker.page.goto(`/leads/${one.id}`)
				await tab(/附件|Files/).click()
				await ready(looker.page, one)
				await looker.page.locator('.files input[multiple]').setInputFiles({ name: '坏.html', mimeType: 'text/html', buffer: Buffer.from('<html>') })
				await looker.page.locator('.file-failed').waitFor()
				await looker.context.setOffline(true)
				await looker.page.locator('.files input[multiple]').setInputFiles([photo, { name: '需求说明 2026 第二版.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(2_345_678, '%PDF-1.4 ') }])
				await looker.page.locator('.file-now').nth(1).waitFor()
				await shot(looker.page, `unsent-tab-${how.name}`)
				const faults = await axe(looker.page)
				await looker.page.locator('.conn-act').click()
				await looker.page.locator('.unsent').nth(2).waitFor()
				await looker.page.locator('.unsent', { hasText: '铭牌' }).getByRole('button', { name: /丢弃|Throw/ }).click()
				await looker.page.locator('.unsent-gone').waitFor()
				await shot(looker.page, `unsent-list-${how.name}`)
				faults.push(...await axe(looker.page))
				await looker.page.keyboard.press('Escape')
				if (await tab(/资料|Details/).count()) await tab(/资料|Details/).click()
				const line = looker.page.locator('.fline', { hasText: /留言|Message/ }).first()
				await line.locator('.fline-open').click()
				await line.locator('textarea').fill('改到一半')
				await looker.page.reload()
				await looker.page.locator('.rec-begun, .fline-kept').first().waitFor()
				await shot(looker.page, `unsent-begun-${how.name}`)
				faults.push(...await axe(looker.page))
				if (await looker.page.locator('.rec-begun').count()) await looker.page.locator('.rec-begun').click()
				await looker.page.locator('.fline-kept').waitFor()
				await shot(looker.page, `unsent-field-${how.name}`)
				faults.push(...await axe(looker.page), ...looker.complaints)
				assert(faults.length === 0, faults.join('\n'))
			} finally {
				await looker.context.close()
			}
		})
	}
}
