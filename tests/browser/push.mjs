// Notifications on this device: the switch asks browser and server; a push message shows what it says, and a click would lead there;
// signing out ends it.
import { arrange, assert, axe, enter, person, shot, signIn, until, within } from './lib.mjs'
import { admin } from './lib/staff.mjs'

const POINT = 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'

/** No push service is in reach of a test: the subscription is made up, all else is the browser's own. */
function standIn(point) {
	// The browser's own outlives a page.
	const KEY = 'test.push'
	const make = (key) => ({
		endpoint: 'https://push.example.com/send/abc',
		key,
		toJSON: () => ({ endpoint: 'https://push.example.com/send/abc', keys: { p256dh: point, auth: 'BTBZMqHH6r4Tts7J_aSIgg' } }),
		unsubscribe: async () => (localStorage.removeItem(KEY), true),
	})
	PushManager.prototype.getSubscription = async () => (localStorage.getItem(KEY) ? make(JSON.parse(localStorage.getItem(KEY))) : null)
	PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
		localStorage.setItem(KEY, JSON.stringify([...applicationServerKey]))
		return make([...applicationServerKey])
	}
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const { page, context, complaints } = await person(browser, base)
	await context.grantPermissions(['notifications'], { origin: base })
	await context.addInitScript(standIn, POINT)
	await signIn(page, 'admin', password)
	const toggle = page.getByRole('switch', { name: '在这台设备上通知我' })
	// Keys are no clicks: nobody waits for them until the switch can be switched.
	const flip = async () => {
		await until(() => toggle.isEnabled(), 'it can be switched')
		await toggle.press(' ')
	}
	let channel

	await check('without a channel the switch says why it is off', async () => {
		await page.goto('/settings/my-channels')
		await page.getByText('管理员尚未添加“浏览器通知”渠道').waitFor()
		await until(async () => await toggle.isDisabled(), 'it can be switched')
	})

	await check('switched on, the device is known to the server and the channel is mine', async () => {
		channel = await call('POST', '/channels', { kind: 'web_push', name: '浏览器通知', settings: { subject: 'mailto:it@example.com' } })
		await page.reload()
		await page.getByText('推送服务无法读取').waitFor()
		await flip()
		await until(async () => (await call('GET', '/me/push')).devices.length === 1, 'the device')
		const mine = await call('GET', '/me/channels')
		assert(mine.items[0].channel === channel.id, JSON.stringify(mine.items))
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
		await shot(page, 'push')
	})

	await check('a push message becomes a notification', async () => {
		// A message for a registration that has no active worker yet is dropped by the browser without a word.
		await within(page.evaluate(() => navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated' || new Promise((done) => active.addEventListener('statechange', () => active.state === 'activated' && done())))), 'an active worker')
		const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
		// Asked before it is on the screen, the browser takes a notification for one that was closed, and forgets it: so it is asked once, when
		// the worker has shown it.
		await worker.evaluate(() => {
			const show = registration.showNotification.bind(registration)
			self.shown = new Promise((done, fail) => (registration.showNotification = (...what) => show(...what).then(done, fail)))
		})
		const cdp = await context.newCDPSession(page)
		const id = new Promise((resolve) => cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => registrations.forEach((r) => r.scopeURL.startsWith(base) && !r.isDeleted && resolve(r.registrationId))))
		await cdp.send('ServiceWorker.enable')
		const data = JSON.stringify({ title: '新线索分配给您', body: '上海云帆科技有限公司', url: `${base}/leads`, tag: 'lead.assigned' })
		await cdp.send('ServiceWorker.deliverPushMessage', { origin: base, registrationId: await id, data })
		await within(worker.evaluate(() => self.shown), 'the worker shows the notification')
		const shown = await page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((n) => [n.title, n.body, n.data, n.tag]))
		assert(JSON.stringify(shown[0]) === JSON.stringify(['新线索分配给您', '上海云帆科技有限公司', `${base}/leads`, 'lead.assigned']), JSON.stringify(shown))
	})

	await check('switched off, the device is forgotten', async () => {
		await flip()
		await until(async () => (await call('GET', '/me/push')).devices.length === 0, 'no device')
		assert((await call('GET', '/me/channels')).items.every((i) => i.channel !== channel.id), 'the channel is still mine')
	})

	await check('signing out withdraws the device: the next person here is not told what the one before is', async () => {
		await flip()
		await until(async () => (await call('GET', '/me/push')).devices.length === 1, 'the device')
		await page.locator('.user').click()
		await page.getByRole('menuitem', { name: '退出登录' }).click()
		await page.waitForURL('**/sign-in')
		assert((await call('GET', '/me/push')).devices.length === 0, 'the server still knows it')
		assert(await page.evaluate(() => localStorage.getItem('test.push') === null), 'the browser still has it')
	})

	await check('after a session that ended by itself, the next person here is not told either', async () => {
		const [ben] = await (await arrange(base, password)).sellers(1)
		const mine = () => page.evaluate(() => localStorage.getItem('test.push') !== null)
		await signIn(page, 'admin', password)
		await page.goto('/settings/my-channels')
		await flip()
		await until(async () => (await call('GET', '/me/push')).devices.length === 1, 'the device')
		await context.clearCookies()
		await page.goto('/sign-in')
		assert(await mine(), 'a session that ended is nobody else yet')
		await enter({ page, lang: 'zh' }, ben)
		await until(async () => !(await mine()), 'the browser has it no more')
		await call('DELETE', `/channels/${channel.id}`)
	})

	await check('the page has nothing to complain about', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()
}
