// Channels: set up by an administrator against a partner of our own, tested, chosen by a person; secrets never come back.
import { createServer } from 'node:http'
import { arrange, assert, axe, enter, person, shapes, shot, signIn } from './lib.mjs'
import { admin, unique, until } from './lib/staff.mjs'

/** A group robot that says ok, or what `state` holds, and keeps what it was sent. */
async function partner() {
	const got = []
	const state = { answer: { errcode: 0, errmsg: 'ok' } }
	const server = createServer((request, response) => {
		let body = ''
		request.on('data', (piece) => (body += piece))
		request.on('end', () => {
			got.push({ path: request.url, body })
			response.setHeader('Content-Type', 'application/json')
			response.end(JSON.stringify(state.answer))
		})
	})
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
	return { got, state, url: `http://127.0.0.1:${server.address().port}/cgi-bin/webhook/send?key=key-of-the-robot-7788`, close: () => server.close() }
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)
	const robot = await partner()
	const name = unique('群机器人')
	const clean = async () => {
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
	}

	await check('an address inside the house is refused until its host is named', async () => {
		await page.goto('/settings/channels')
		await page.getByRole('button', { name: '添加渠道' }).first().click()
		const form = page.getByRole('dialog')
		await form.getByLabel('类型').selectOption('wecom_robot')
		await form.getByLabel('名称').fill(name)
		await form.getByLabel('机器人 Webhook 地址').fill(robot.url)
		await form.getByRole('button', { name: '保存' }).click()
		await form.getByText('允许的主机').first().waitFor()
		await form.locator('.field-fault').first().waitFor()
		await clean()
		await form.getByLabel('允许的主机').fill('127.0.0.1')
		await form.getByRole('button', { name: '保存' }).click()
		await form.getByText('已设置，结尾 7788').waitFor()
	})

	await check('the test shows what the partner answered', async () => {
		const form = page.getByRole('dialog')
		await form.getByRole('button', { name: '发送测试' }).click()
		await form.getByText('"errmsg":"ok"').waitFor()
		assert(robot.got.length === 1 && robot.got[0].body.includes('测试'), JSON.stringify(robot.got))
		await clean()
	})

	await check('what a partner refuses is told in words, with the code and what to do', async () => {
		const form = page.getByRole('dialog')
		robot.state.answer = { errcode: 93000, errmsg: 'invalid webhook url' }
		await form.getByRole('button', { name: '发送测试' }).click()
		await form.getByText('Webhook 地址无效，机器人可能已被移除（93000）。请在群里重新复制 Webhook 地址填入设置。').waitFor()
		await shot(page, 'channel-test-refused')
		robot.state.answer = { errcode: 0, errmsg: 'ok' }
		await clean()
	})

	await check('the log of a channel tells each failure in words', async () => {
		const { items } = await call('GET', '/channels')
		const channel = items.find((one) => one.name === name)
		const sara = await call('POST', '/records/user', { name: unique('收件人'), login: unique('sara'), password: 'a long password 1' })
		await call('PUT', `/users/${sara.id}/channels`, { items: [{ channel: channel.id, address: '' }], quiet: null })
		robot.state.answer = { errcode: 85002, errmsg: 'words' }
		const lead = await call('POST', '/records/lead', { name: unique('日志'), phone: `137${String(Date.now()).slice(-8)}` })
		await call('POST', `/leads/${lead.id}/assign`, { to: sara.id })
		await until(async () => (await call('GET', `/channels/${channel.id}/log`)).items.length > 0, 'the failure is noted')
		robot.state.answer = { errcode: 0, errmsg: 'ok' }
		await page.goto('/settings/channels')
		await page.getByRole('button', { name }).first().click()
		await page.getByText('消息含有不允许的词语（85002）').first().waitFor()
		await shot(page, 'channel-log')
		await clean()
	})

	await check('what I choose stays while I look elsewhere, and outlives a reload', async () => {
		const chosen = () => page.getByRole('switch', { name }).isChecked()
		const asked = () => page.waitForResponse((answer) => answer.url().endsWith('/me/channels'))
		const line = page.locator('.kept-line')
		await page.goto('/settings/my-channels')
		await page.getByRole('switch', { name }).press(' ')
		const again = asked()
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
		await (await again).finished()
		await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
		assert((await chosen()) && (await line.count()) === 0, 'what was chosen is lost, or spoken of')
		const loaded = asked()
		await page.reload()
		await loaded
		await line.waitFor()
		assert(await chosen(), 'it is lost by the reload')
		await clean()
		await line.getByRole('button', { name: '放弃' }).click()
		await until(async () => !(await chosen()) && (await line.count()) === 0, 'it is given up')
	})

	const { sellers } = await arrange(base, password)
	const [anna] = await sellers(1)
	for (const how of shapes) {
		await check(`what I chose before a reload is told accessibly (${how.name})`, async () => {
			const who = await person(browser, base, how)
			await enter(who, anna)
			await who.page.goto('/settings/my-channels')
			await who.page.getByRole('switch', { name }).press(' ')
			await who.page.reload()
			await who.page.locator('.kept-line').waitFor()
			await shot(who.page, `my-channels-kept-${how.name}`)
			const faults = await axe(who.page)
			assert(faults.length === 0 && who.complaints.length === 0, [...faults, ...who.complaints].join('\n'))
			await who.context.close()
		})
	}

	await check('I choose a channel and quiet hours', async () => {
		await page.goto('/settings/my-channels')
		await page.getByRole('switch', { name }).press(' ')
		await page.getByRole('switch', { name: '在这段时间内不发送' }).press(' ')
		await clean()
		await page.getByRole('button', { name: '保存' }).click()
		await page.getByText('已保存').first().waitFor()
		const mine = await call('GET', '/me/channels')
		assert(mine.items.length === 1 && mine.quiet.from === '22:00', JSON.stringify(mine))
	})

	await check('a second channel gets every alert too, or stands in for the first', async () => {
		const second = await call('POST', '/channels', { kind: 'wecom_robot', name: unique('备用机器人'), settings: { url: robot.url }, allowed_host: '127.0.0.1' })
		await page.goto('/settings/my-channels')
		assert((await page.getByLabel('什么时候发').count()) === 0, 'the first one has nothing to choose')
		await page.getByRole('switch', { name: second.name }).press(' ')
		const when = page.getByLabel('什么时候发')
		assert((await when.inputValue()) === 'always', 'every alert, unless one says otherwise')
		await when.selectOption({ label: `备用：“${name}”发不出时才发` })
		await clean()
		await shot(page, 'my-channels')
		await page.getByRole('button', { name: '保存' }).click()
		await page.getByText('已保存').first().waitFor()
		assert((await call('GET', '/me/channels')).items.map((item) => item.spare).join() === 'false,true', 'the second is spare')
		await page.reload()
		assert((await page.getByLabel('什么时候发').inputValue()) === 'spare', 'kept')
		await page.getByRole('button', { name: '上移' }).nth(1).click()
		await page.getByRole('button', { name: '保存' }).click()
		await until(async () => (await call('GET', '/me/channels')).items[0].channel === second.id, 'the new order')
		assert((await call('GET', '/me/channels')).items.every((item) => !item.spare), 'what stands first is used always')
		await call('DELETE', `/channels/${second.id}`)
	})

	await check('the channel goes away again', async () => {
		await page.goto('/settings/channels')
		await page.getByRole('button', { name }).first().click()
		await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
		await page.getByRole('button', { name }).waitFor({ state: 'detached' })
	})

	await check('the page has nothing to complain about', async () => assert(complaints.length === 0, complaints.join('\n')))
	robot.close()
	await context.close()
}
