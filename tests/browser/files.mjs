// Photos, voice notes and documents of a lead: from the camera's file chooser, from the microphone, dropped, refused, deleted and
// brought back; with a contact, and seen by somebody else at once. (O7)
import { api, arrange, assert, axe, enter, person, shapes, shot, token, until } from './lib.mjs'
import { picture } from './lib/device.mjs'

const SUMMARY = '已到现场拍照，机器铭牌看得清楚，客户要求下周给出维修方案。'
const TEXT = { name: '需求.txt', mimeType: 'text/plain', buffer: Buffer.from('需要三十台') }

export async function run({ base, password, browser, check }) {
	const { sellers, lead } = await arrange(base, password)
	const [anna] = await sellers(1)
	const who = await person(browser, base)
	const boss = await person(browser, base)
	await enter(who, anna)
	await enter(boss, { login: 'admin', password })
	const own = api(base, await token(base, anna.login, anna.password))
	const { page } = who
	const made = await lead(anna)
	const tab = (someone, name) => someone.page.locator('.rec-tabs').getByRole('tab', { name })
	const show = async (someone, what) => {
		await someone.page.goto(`/leads/${made.id}`)
		await tab(someone, what).click()
	}
	const stored = async () => (await own('GET', `/leads/${made.id}/files`)).body.items

	await check('a photo from the file chooser is made smaller, shown, and seen by somebody else at once', async () => {
		await show(boss, '附件')
		await boss.page.getByText('还没有附件').waitFor()
		await show(who, '附件')
		const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.locator('.files-photo').click()])
		await chooser.setFiles(await picture(page, 3200, 2400, '铭牌.png'))
		await page.locator('.file', { hasText: '铭牌.jpg' }).waitFor()
		await boss.page.locator('.file', { hasText: '铭牌.jpg' }).waitFor()
		const shown = await until(() => boss.page.evaluate(() => {
			const image = document.querySelector('.file .thumb img')
			return image?.complete && image.naturalWidth > 0 ? [image.naturalWidth, image.naturalHeight] : null
		}), 'the picture is drawn')
		assert(shown[0] === 1600 && shown[1] === 1200, `it was not made smaller: ${shown}`)
		await until(async () => (await tab(who, /附件/).innerText()).includes('1'), 'the tab counts')
	})

	await check('a press shows the photo large, Escape closes it', async () => {
		await page.locator('.file .thumb').first().click()
		await page.locator('.dialog .photo img').waitFor()
		await shot(page, 'files-photo-large')
		await page.keyboard.press('Escape')
		await page.locator('.dialog').waitFor({ state: 'detached' })
	})

	await check('a dropped document is added, and one of a foreign kind is refused in words', async () => {
		const drop = (name, text) => page.evaluate(([n, content]) => {
			const data = new DataTransfer()
			data.items.add(new File([new TextEncoder().encode(content)], n))
			document.querySelector('.files').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
		}, [name, text])
		await drop('报价.csv', '型号,数量\nA1,30')
		await page.locator('.file', { hasText: '报价.csv' }).waitFor()
		await drop('坏.html', '<html>')
		const failed = page.locator('.file-failed', { hasText: '坏.html' })
		await failed.waitFor()
		await until(async () => (await failed.innerText()).includes('不接受这种文件'), 'why it was refused')
		await shot(page, 'files-refused')
		await failed.getByRole('button', { name: '不再上传' }).click()
		await failed.waitFor({ state: 'detached' })
	})

	await check('what failed on the way is tried again and is there once', async () => {
		const path = /\/api\/v1\/leads\/[^/]+\/files\?/
		const before = (await stored()).length
		await page.route(path, (route) => route.abort())
		await page.locator('.files input[multiple]').setInputFiles(TEXT)
		const waiting = page.locator('.file:has(.file-now)', { hasText: TEXT.name })
		await waiting.waitFor()
		assert((await waiting.innerText()).includes('待发送'), await waiting.innerText())
		await shot(page, 'files-waiting')
		await page.unroute(path)
		await waiting.getByRole('button', { name: '立即上传' }).click()
		await page.locator('.file:has(time)', { hasText: TEXT.name }).waitFor()
		assert((await stored()).length === before + 1, 'it is there more than once')
	})

	await check('deleting offers to undo', async () => {
		const row = page.locator('.file', { hasText: TEXT.name })
		await row.getByRole('button', { name: /删除/ }).click()
		await row.waitFor({ state: 'detached' })
		await page.locator('.toast', { hasText: '已删除' }).getByRole('button', { name: '撤销' }).click()
		await row.waitFor()
	})

	await check('a contact takes a photo and a voice note with it', async () => {
		await tab(who, '动态').click()
		await page.locator('.line-open').click()
		const form = page.locator('.line .touch')
		await form.locator('textarea[name=summary]').fill(SUMMARY)
		await form.locator('input[capture]').setInputFiles(await picture(page, 300, 200, '现场.png'))
		await form.locator('.attach-thumb').waitFor()
		await form.locator('.attach-voice').click()
		await until(async () => (await form.locator('.attach-stop').innerText()).includes('1:5'), 'the time runs down from two minutes')
		await form.locator('.attach-stop').click()
		await form.locator('.attach-one audio').waitFor()
		await shot(page, 'files-touch')
		await form.locator('button[type=submit]').click()
		const entry = page.locator('.entry', { hasText: SUMMARY })
		await entry.locator('.thumb').waitFor()
		await entry.locator('audio').waitFor()
		await shot(page, 'files-timeline')
		const listed = await stored()
		const note = listed.find((file) => file.kind === 'voice')
		assert(note && note.activity && note.media_type.startsWith('audio/') && note.bytes > 100, JSON.stringify(listed))
		assert(listed.find((file) => file.name === '现场.png')?.activity === note.activity, 'the photo belongs to the same contact')
		assert(note.name.startsWith('语音 '), note.name)
	})

	await check('a voice note plays', async () => {
		const seconds = await page.evaluate(async () => {
			const audio = document.querySelector('.entry audio')
			audio.muted = true
			await audio.play()
			return new Promise((done) => audio.addEventListener('timeupdate', () => audio.currentTime > 0 && done(audio.currentTime)))
		})
		assert(seconds > 0, 'it stands still')
	})

	await check('recording ends when it is saved, and what was being said goes with it', async () => {
		const before = (await stored()).filter((file) => file.kind === 'voice').length
		await page.locator('.line-open').click()
		const form = page.locator('.line .touch')
		await form.locator('textarea[name=summary]').fill(`${SUMMARY}（第二次）`)
		await form.locator('.attach-voice').click()
		await until(async () => (await form.locator('.attach-stop').innerText()).includes('1:59'), 'it records')
		await form.locator('button[type=submit]').click()
		await until(async () => (await stored()).filter((file) => file.kind === 'voice').length === before + 1, 'the note arrives')
	})

	await check('a voice note can be thrown away before it is sent', async () => {
		await page.locator('.line-open').click()
		const form = page.locator('.line .touch')
		await form.locator('.attach-voice').click()
		await form.locator('.attach-stop').click()
		await form.locator('.attach-one').getByRole('button', { name: /删除/ }).click()
		await form.locator('.attach-one').waitFor({ state: 'detached' })
	})

	for (const someone of [who, boss]) assert(someone.complaints.length === 0, someone.complaints.join('\n'))
	for (const how of shapes) {
		await check(`the files and the quick log are accessible and quiet (${how.name})`, async () => {
			const looker = await person(browser, base, how)
			try {
				await enter(looker, anna)
				await looker.page.goto(`/leads/${made.id}`)
				await looker.page.locator('.line-open').click()
				await looker.page.locator('.attach-photo').waitFor()
				await shot(looker.page, `files-log-${how.name}`)
				const faults = await axe(looker.page)
				await looker.page.locator('.rec-tabs [role=tab]').filter({ hasText: /附件|Files/ }).click()
				await looker.page.locator('.file').first().waitFor()
				await shot(looker.page, `files-${how.name}`)
				faults.push(...await axe(looker.page), ...looker.complaints)
				assert(faults.length === 0, faults.join('\n'))
			} finally {
				await looker.context.close()
			}
		})
	}
	await who.context.close()
	await boss.context.close()
}
