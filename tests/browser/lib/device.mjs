// What tests do with a device: pictures as of its camera, and a look at what the application keeps on it.

import { until } from '../lib.mjs'

/** A picture of that size, drawn by the browser itself. */
export const picture = (page, width, height, name) => page.evaluate(async ([w, h, n]) => {
	const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h })
	const context = canvas.getContext('2d')
	const colours = context.createLinearGradient(0, 0, w, h)
	colours.addColorStop(0, '#3858e0')
	colours.addColorStop(1, '#f4b860')
	context.fillStyle = colours
	context.fillRect(0, 0, w, h)
	context.fillStyle = '#fff'
	context.font = `${h / 6}px sans-serif`
	context.fillText(n, w / 10, h / 2)
	const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'))
	return { name: n, mimeType: 'image/png', bytes: Array.from(new Uint8Array(await blob.arrayBuffer())) }
}, [width, height, name]).then(({ bytes, ...file }) => ({ ...file, buffer: Buffer.from(bytes) }))

/** What the application keeps on this device in one store; of contents their size alone. */
export const kept = (page, store) => page.evaluate(async (name) => {
	// Opened before the application made it, it would be an empty one.
	if (!(await indexedDB.databases()).some((db) => db.name === 'tenon' && db.version >= 2)) return []
	const db = await new Promise((resolve) => (indexedDB.open('tenon').onsuccess = (event) => resolve(event.target.result)))
	const rows = await new Promise((resolve) => (db.transaction(name).objectStore(name).getAll().onsuccess = (event) => resolve(event.target.result)))
	db.close()
	return rows.map(({ bytes, ...row }) => (bytes ? { ...row, size: bytes.byteLength } : row))
}, store)

/** Until a lead, or the desk, can be opened without a line. */
export async function ready(page, lead) {
	await page.evaluate(() => navigator.serviceWorker.ready.then(() => true))
	const names = lead ? ['boot', `lead/${lead.id}`, `timeline/${lead.id}`] : ['boot', 'desk']
	await until(async () => {
		const seen = (await kept(page, 'seen')).map(({ what }) => what)
		return names.every((name) => seen.includes(name))
	}, 'the screen is kept')
}
