// node tools/scroll.mjs BASE_URL LOGIN PASSWORD: frames a second while the lead list scrolls to row 100,000 (or its end).
// Against the mock: node mock/server.mjs 8090 100000, then http://127.0.0.1:8090 admin tenon-demo. Fails under 55 frames.
import { launch, person, signIn } from '../../tests/browser/lib.mjs'

const [base, login, password] = process.argv.slice(2)
const WANTED = 55
const ROWS = 100_000

/** Loads all rows first: this measures drawing, not the network. */
async function loadAll(page) {
	await page.evaluate(async (rows) => {
		const grid = document.querySelector('.lgrid')
		const count = () => Number(grid.getAttribute('aria-rowcount'))
		let still = 0
		while (still < 20) {
			const before = grid.scrollHeight
			grid.scrollTop = grid.scrollHeight
			await new Promise((resolve) => setTimeout(resolve, 50))
			const waiting = document.querySelector('.lrow-wait') !== null
			still = grid.scrollHeight === before && !waiting ? still + 1 : 0
			if (count() >= rows && !waiting) break
		}
		grid.scrollTop = 0
		await new Promise((resolve) => setTimeout(resolve, 500))
	}, ROWS)
}

/** Scrolls by a fixed distance each frame for three seconds. */
function measure(page, step) {
	return page.evaluate((distance) => new Promise((resolve) => {
		const grid = document.querySelector('.lgrid')
		const times = []
		let blank = 0
		function frame(now) {
			times.push(now)
			if (document.querySelectorAll('.lrow:not(.lrow-wait)').length < 10) blank++
			grid.scrollTop += distance
			if (now - times[0] < 3000) return requestAnimationFrame(frame)
			const gaps = times.slice(1).map((time, n) => time - times[n]).sort((a, b) => a - b)
			resolve({ fps: (gaps.length / (times.at(-1) - times[0])) * 1000, p95: gaps[Math.floor(gaps.length * 0.95)], blank })
		}
		requestAnimationFrame(frame)
	}), step)
}

const { browser, close } = await launch()
try {
	const { page } = await person(browser, base)
	await signIn(page, login, password)
	await page.goto('/leads?view=all')
	await page.locator('.lrow').first().waitFor()
	await loadAll(page)
	console.log(`rows ${await page.locator('.lgrid').getAttribute('aria-rowcount')}`)
	const slow = await measure(page, 120)
	const fast = await measure(page, 2400)
	for (const [name, it] of [['120 px a frame', slow], ['2400 px a frame', fast]]) console.log(`${name}: ${it.fps.toFixed(1)} frames/s, p95 ${it.p95.toFixed(1)} ms, ${it.blank} blank frames`)
	process.exitCode = slow.fps >= WANTED ? 0 : 1
} finally {
	await close()
}
