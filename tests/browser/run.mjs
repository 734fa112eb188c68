// node tests/browser/run.mjs BASE_URL ADMIN_PASSWORD [name...]
// Runs the browser tests beside this file (all, or those named) against a running server with demo data. Each test file exports
// run({ base, password, browser, check }). Prints "ok"/"not ok" lines and a last line "N passed, N failed".
import { readdirSync } from 'node:fs'
import { launch, reporter } from './lib.mjs'

const [base, password, ...names] = process.argv.slice(2)
if (!base || !password) {
	console.error('usage: node tests/browser/run.mjs BASE_URL ADMIN_PASSWORD [name...]')
	process.exit(2)
}
const all = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.mjs') && !['lib.mjs', 'run.mjs'].includes(file)).map((file) => file.slice(0, -4)).sort()
const { browser, close } = await launch()
const total = { passed: 0, failed: 0 }
try {
	for (const name of names.length > 0 ? names : all) {
		const { run } = await import(`./${name}.mjs`)
		const { check, count } = reporter(name, browser)
		await check('runs to its end', () => run({ base: base.replace(/\/$/, ''), password, browser, check }))
		total.passed += count.passed
		total.failed += count.failed
	}
} finally {
	await close()
}
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed > 0 ? 1 : 0)
