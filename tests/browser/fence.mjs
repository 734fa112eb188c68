// A geo-fence drawn by mouse, by finger and by keys: in step with its text, undone step by step, refused where it crosses itself.
import { assert, axe, person, PHONE, shot, signIn, until } from './lib.mjs'
import { admin, unique } from './lib/staff.mjs'

const SQUARE = { type: 'Polygon', coordinates: [[[121, 31], [122, 31], [122, 32], [121, 32], [121, 31]]] }

async function open(page) {
	await page.goto('/settings/territories')
	await page.getByRole('button', { name: /新建|New/ }).first().click()
	const form = page.getByRole('dialog', { name: /新建|New/ })
	await form.getByRole('application').waitFor()
	// What the check before drew and did not save.
	const kept = form.locator('.kept-line').getByRole('button')
	if (await kept.count()) {
		assert((await shapeOf(form)) !== null, 'what was drawn is not there again')
		await kept.click()
		await form.getByRole('application').waitFor()
		assert((await shapeOf(form)) === null, 'discarded, it is still drawn')
	}
	return form
}

const textOf = async (form) => (await form.locator('.poly-text').inputValue()) || 'null'
const shapeOf = async (form) => JSON.parse(await textOf(form))
const corners = async (form, part = 0) => {
	const shape = await shapeOf(form)
	return shape === null ? [] : shape.type === 'Polygon' ? shape.coordinates : shape.coordinates[part]
}
const boxOf = async (form) => {
	const map = form.getByRole('application')
	await map.scrollIntoViewIfNeeded()
	return map.boundingBox()
}

/** Two fingers, from their first places to their last ones in steps; the first may be put down and lifted alone. */
async function pinch(page, from, to, steps = 8) {
	const hand = await page.context().newCDPSession(page)
	const touch = (type, points) => hand.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) })
	await touch('touchStart', from.slice(0, 1))
	await touch('touchStart', from)
	for (let n = 1; n <= steps; n++) await touch('touchMove', from.map(([x, y], i) => [x + ((to[i][0] - x) * n) / steps, y + ((to[i][1] - y) * n) / steps]))
	await touch('touchEnd', to.slice(0, 1))
	await touch('touchEnd', [])
	await hand.detach()
}

/** Where the corners of the fence stand, from the left, in pixels of the canvas. */
const standing = async (form) => {
	const box = await boxOf(form)
	const places = await form.locator('.fmap-point').evaluateAll((all) => all.map((one) => one.querySelector('circle').getBoundingClientRect()).map((at) => [at.x + at.width / 2, at.y + at.height / 2]))
	return places.map(([x, y]) => [x - box.x, y - box.y]).sort((a, b) => a[0] - b[0] || a[1] - b[1])
}

async function byMouse(page, form, points) {
	const box = await boxOf(form)
	for (const [x, y] of points) await page.mouse.click(box.x + box.width * x, box.y + box.height * y)
}

export async function run({ base, password, browser, check }) {
	const call = await admin(base, password)
	const neighbour = await call('POST', '/records/territory', { name: unique('邻区'), polygon: { type: 'Polygon', coordinates: [[[110, 25], [118, 25], [118, 30], [110, 25]]] } })
	const { page, context, complaints } = await person(browser, base)
	await signIn(page, 'admin', password)

	await check('drawn with the mouse: area, hole and second area, each step undone and done again', async () => {
		const form = await open(page)
		await form.getByLabel(/名称/).fill(unique('画的围栏'))
		await page.waitForFunction(() => document.querySelectorAll('.fmap-mark').length > 3 && document.querySelectorAll('.fmap-other').length > 0)
		await form.getByRole('button', { name: '画区域' }).click()
		await byMouse(page, form, [[0.2, 0.3], [0.5, 0.3], [0.5, 0.8], [0.2, 0.8], [0.2, 0.3]])
		await until(async () => (await corners(form))[0]?.length === 5, 'the first corner closes the ring')
		await form.getByText(/条在内/).waitFor()
		await form.getByText(/平方公里/).waitFor()
		await form.getByRole('button', { name: '挖洞' }).click()
		await byMouse(page, form, [[0.3, 0.45], [0.4, 0.45], [0.35, 0.6]])
		await form.getByRole('button', { name: '完成' }).click()
		await until(async () => (await corners(form)).length === 2, 'the hole is there')
		await form.getByRole('button', { name: '画区域' }).click()
		await byMouse(page, form, [[0.6, 0.3], [0.8, 0.3], [0.7, 0.6]])
		await form.getByRole('button', { name: '完成' }).click()
		await until(async () => (await shapeOf(form)).type === 'MultiPolygon', 'there are two areas')
		await form.getByText(/条在内/).waitFor()
		await shot(page, 'fence-light')
		for (const [label, kind] of [['撤销', 'Polygon'], ['重做', 'MultiPolygon']]) {
			await form.getByRole('button', { name: label }).click()
			assert((await shapeOf(form)).type === kind, label)
		}
		const found = await axe(page)
		assert(found.length === 0, found.join('\n'))
		await form.getByRole('button', { name: '保存' }).click()
		await form.waitFor({ state: 'detached' })
	})

	await check('points are dragged, put in and taken out; the text is in step both ways', async () => {
		const form = await open(page)
		await form.locator('.poly-text').fill(JSON.stringify(SQUARE))
		await form.getByRole('button', { name: '显示全部' }).click()
		assert((await form.locator('.fmap-point').count()) === 4, 'the pasted points are there')
		const at = await form.locator('.fmap-point').nth(2).locator('circle').last().boundingBox()
		await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2)
		await page.mouse.down()
		await page.mouse.move(at.x + 30, at.y + 40, { steps: 5 })
		await page.mouse.up()
		const moved = (await corners(form))[0][2]
		assert(moved[0] > 122 && moved[1] < 32, JSON.stringify(moved))
		await page.keyboard.press('Control+z')
		assert(JSON.stringify(await shapeOf(form)) === JSON.stringify(SQUARE), 'one step back')
		await form.locator('.fmap-middle').first().locator('circle').last().click()
		await until(async () => (await corners(form))[0].length === 6, 'a point in the middle')
		await page.keyboard.press('Delete')
		await until(async () => (await corners(form))[0].length === 5, 'and gone')
		await form.getByText('坐标列表').click()
		const east = form.getByLabel('点 2 的经度')
		await east.fill('123.5')
		await east.press('Tab')
		assert((await corners(form))[0][1][0] === 123.5, 'typed')
	})

	await check('drawn and moved with the keyboard alone', async () => {
		const form = await open(page)
		await form.getByRole('button', { name: '画区域' }).press('Enter')
		const map = form.getByRole('application')
		await map.focus()
		const keys = ['Space', 'Shift+ArrowRight', 'Shift+ArrowRight', 'Space', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Space', 'Enter']
		for (const key of keys) await map.press(key)
		await until(async () => (await corners(form))[0]?.length === 4, 'a triangle')
		const [before] = (await corners(form))[0]
		await map.press('PageDown')
		await map.press('Shift+ArrowLeft')
		const [after] = (await corners(form))[0]
		assert(after[0] < before[0] && after[1] === before[1], `${before} ${after}`)
		await map.press('Escape')
		await form.waitFor()
		assert((await form.locator('.fmap-point.chosen').count()) === 0, 'Escape lets go of the point, not of the form')
	})

	await check('what crosses itself is said at its place', async () => {
		const form = await open(page)
		await form.getByRole('button', { name: '画区域' }).click()
		await byMouse(page, form, [[0.2, 0.3], [0.6, 0.8], [0.6, 0.3], [0.2, 0.8]])
		await form.getByRole('button', { name: '完成' }).click()
		await form.getByText(/自相交/).waitFor()
		const [mark, box] = [await form.locator('.fmap-wrong circle').boundingBox(), await boxOf(form)]
		const middle = { x: (mark.x + mark.width / 2 - box.x) / box.width, y: (mark.y + mark.height / 2 - box.y) / box.height }
		assert(Math.abs(middle.x - 0.4) < 0.05 && Math.abs(middle.y - 0.55) < 0.05, JSON.stringify(middle))
		await shot(page, 'fence-wrong')
	})

	await check('the canvas fills the screen, and Escape brings the form back', async () => {
		const form = await open(page)
		await form.getByRole('button', { name: '铺满屏幕' }).click()
		await until(async () => (await boxOf(form)).width > 1200, 'it fills the screen')
		await shot(page, 'fence-whole')
		await page.keyboard.press('Escape')
		await until(async () => (await boxOf(form)).width < 800, 'it is small again')
	})

	await check('no complaints', async () => assert(complaints.length === 0, complaints.join('\n')))
	await context.close()

	for (const [name, how] of Object.entries({ phone: { shape: PHONE }, 'phone-dark-en': { shape: PHONE, theme: 'dark', lang: 'en' } })) {
		await check(`drawn with a finger: ${name}`, async () => {
			const view = await person(browser, base, how)
			await call('PATCH', '/me', { language: how.lang ?? 'zh' })
			await signIn(view.page, 'admin', password)
			const form = await open(view.page)
			await form.getByRole('button', { name: /画区域|Draw an area/ }).tap()
			const box = await boxOf(form)
			for (const [x, y] of [[0.2, 0.3], [0.7, 0.3], [0.5, 0.8]]) await view.page.touchscreen.tap(box.x + box.width * x, box.y + box.height * y)
			await form.getByRole('button', { name: /完成|Finish/ }).tap()
			await until(async () => (await corners(form))[0]?.length === 4, 'a triangle')
			await form.getByText(/条在内|lie inside/).waitFor()
			assert((await view.page.evaluate(() => document.documentElement.scrollWidth)) <= 390, 'it is wider than the phone')
			const found = await axe(view.page)
			await shot(view.page, `fence-${name}`)
			assert(found.length === 0, found.join('\n'))
			await call('PATCH', '/me', { language: 'zh' })
			await view.context.close()
		})
	}
	await check('two fingers zoom about the middle between them, move the ground, and make no corner', async () => {
		const view = await person(browser, base, { shape: PHONE })
		await signIn(view.page, 'admin', password)
		const form = await open(view.page)
		await form.locator('.poly-text').fill(JSON.stringify(SQUARE))
		await form.getByRole('button', { name: '显示全部' }).tap()
		await form.getByRole('button', { name: '缩小' }).tap()
		await until(async () => (await form.locator('.fmap-point').count()) === 4, 'the pasted points are there')
		let box = await boxOf(form)
		const at = (x, y) => [box.x + x, box.y + y]
		const middle = [box.width / 2 - 20, box.height / 2 + 15]
		const before = await standing(form)

		await pinch(view.page, [at(middle[0] - 40, middle[1]), at(middle[0] + 40, middle[1])], [at(middle[0] - 60, middle[1]), at(middle[0] + 60, middle[1])])
		const grown = await standing(form)
		for (const [n, [x, y]] of before.entries()) {
			const wanted = [middle[0] + (x - middle[0]) * 1.5, middle[1] + (y - middle[1]) * 1.5]
			assert(Math.hypot(grown[n][0] - wanted[0], grown[n][1] - wanted[1]) < 3, `corner ${n} stands at ${grown[n]}, not at ${wanted}`)
		}
		assert(JSON.stringify(await shapeOf(form)) === JSON.stringify(SQUARE), 'the fence itself was moved')

		await pinch(view.page, [at(100, 120), at(180, 120)], [at(130, 100), at(210, 100)])
		const moved = await standing(form)
		for (const [n, [x, y]] of grown.entries()) assert(Math.hypot(moved[n][0] - x - 30, moved[n][1] - y + 20) < 3, `corner ${n} went from ${x},${y} to ${moved[n]}`)

		// By the mouse: the browser may make no click of a tap that follows two fingers at once.
		await form.getByRole('button', { name: '画区域' }).click()
		await form.locator('.fmap.drawing').waitFor()
		box = await boxOf(form)
		const ruled = await form.locator('.fmap-rule').innerHTML()
		await pinch(view.page, [at(100, 150), at(180, 150)], [at(60, 150), at(220, 150)])
		await until(async () => (await form.locator('.fmap-rule').innerHTML()) !== ruled, 'it zooms while one draws')
		assert((await form.locator('.fmap-draft circle').count()) === 0, 'the fingers made a corner')
		await view.page.touchscreen.tap(...at(120, 150))
		await until(async () => (await form.locator('.fmap-draft circle').count()) === 1, 'a single finger makes one again')
		await view.context.close()
	})
	await call('DELETE', `/records/territory/${neighbour.id}`)
}
