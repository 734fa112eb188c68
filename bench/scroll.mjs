// node bench/scroll.mjs BASE_URL LOGIN PASSWORD [ROUNDS]: what scrolling the lead list over 100,000 rows costs, in turn with a bare
// list of as many rows and cells (bare_list.html). Prints one line of JSON for each run.
import { loadavg } from 'node:os'
import { launch, person, signIn } from '../tests/browser/lib.mjs'

const [base, login, password, rounds = '5'] = process.argv.slice(2)
const ROWS = 100_000
const SECONDS = 4
const SHAPE = { viewport: { width: 1280, height: 800 } }

/** Loads all rows first: this measures drawing, not the network. */
async function loadAll(page) {
	await page.evaluate(async (rows) => {
		const grid = document.querySelector('.lgrid')
		const moment = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
		let height = 0
		for (let still = 0; still < 40; still = height === grid.scrollHeight ? still + 1 : 0) {
			height = grid.scrollHeight
			grid.scrollTop = height
			await moment(50)
			if (Number(grid.getAttribute('aria-rowcount')) >= rows && !document.querySelector('.lrow-wait')) break
		}
		grid.scrollTop = 0
		await moment(1000)
	}, ROWS)
	const there = Number(await page.locator('.lgrid').getAttribute('aria-rowcount'))
	if (there < ROWS) throw new Error(`only ${there} rows`)
}

/** Scrolls by a fixed distance each frame; the times of the frames, and how many frames showed too few rows. */
const scroll = (page, list, row, step) => page.evaluate(([list, row, step, ms]) => new Promise((resolve) => {
	const grid = document.querySelector(list)
	const times = []
	let [top, blank] = [0, 0]
	grid.scrollTop = 0
	function frame(now) {
		times.push(now)
		// The children are counted, not laid out: asking for their places would be a cost of the measurement.
		if (document.querySelectorAll(row).length < 20) blank++
		grid.scrollTop = top += step // reading it would force a layout
		if (now - times[0] < ms) return requestAnimationFrame(frame)
		resolve({ times, blank, end: grid.scrollTop })
	}
	requestAnimationFrame(() => requestAnimationFrame(frame))
}), [list, row, step, SECONDS * 1000])

async function metrics(client) {
	const { metrics } = await client.send('Performance.getMetrics')
	return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
}

/** Frames that the compositor drew: a frame that the page finished need not have come to the screen. */
async function drawn(browser, page, run) {
	await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline.frame'] })
	const result = await run()
	const { traceEvents } = JSON.parse(await browser.stopTracing())
	return { ...result, drawn: traceEvents.filter((event) => event.name === 'DrawFrame').length }
}

/** One run: frames a second, and milliseconds of the main thread for each frame by kind. */
async function measure(page, name, list, row, step) {
	const client = await page.context().newCDPSession(page)
	await client.send('Performance.enable', { timeDomain: 'threadTicks' })
	const before = await metrics(client)
	const { times, blank, end, drawn: frames } = await drawn(browser, page, () => scroll(page, list, row, step))
	const after = await metrics(client)
	await client.detach()
	const seconds = (times.at(-1) - times[0]) / 1000
	const gaps = times.slice(1).map((time, n) => time - times[n]).sort((a, b) => a - b)
	const each = (key) => ((after[key] - before[key]) * 1000) / gaps.length
	const [main, script, style, layout] = ['TaskDuration', 'ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'].map(each)
	return {
		list: name, step, fps: gaps.length / seconds, drawn_fps: frames / seconds, p95_ms: gaps[Math.floor(gaps.length * 0.95)],
		main_ms: main, script_ms: script, style_ms: style, layout_ms: layout, rest_ms: main - script - style - layout, blank, rows: Math.round(end / 36), load: loadavg()[0],
	}
}

const { browser, close } = await launch()
try {
	const { page } = await person(browser, base, { shape: SHAPE })
	await signIn(page, login, password)
	await page.goto('/leads?view=all')
	await page.locator('.lrow').first().waitFor()
	await loadAll(page)
	const bare = await browser.newPage(SHAPE)
	await bare.goto(new URL('bare_list.html', import.meta.url).href)
	for (let round = 0; round < Number(rounds); round++) {
		for (const step of [120, 2400]) {
			await bare.bringToFront()
			console.log(JSON.stringify(await measure(bare, 'bare', '#list', '.row', step)))
			await page.bringToFront()
			console.log(JSON.stringify(await measure(page, 'leads', '.lgrid', '.lrow:not(.lrow-wait)', step)))
		}
	}
} finally {
	await close()
}
