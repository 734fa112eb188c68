// icons.mjs [DIR]: draws the icons of the installed application into dist/icons - the mark of src/shell/icon.svg as PNG, in the sizes that
// browsers and phones ask for. Maskable ones fill the square and keep the mark inside the circle that is never cut off.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'

const UNIT = 32 // the side of the drawing
const RADIUS = 7
const BLUE = [0x38, 0x58, 0xe0]
const SAMPLES = 4 // a side, for smooth edges
const SAFE = 0.72 // of the mark, inside the safe zone of a maskable icon

// Rectangles of the mark: x, y, width, height, opacity of white.
const MARK = [[7, 9, 18, 5, 1], [13, 14, 6, 9, 1], [7, 18, 3, 5, 0.55], [22, 18, 3, 5, 0.55]]

function inside(x, y) {
	const dx = Math.max(RADIUS - x, x - (UNIT - RADIUS), 0)
	const dy = Math.max(RADIUS - y, y - (UNIT - RADIUS), 0)
	return dx * dx + dy * dy <= RADIUS * RADIUS
}

const white = (x, y) => MARK.find(([left, top, width, height]) => x >= left && x < left + width && y >= top && y < top + height)?.[4] ?? 0

/** Colour and coverage at a point of the drawing. */
function at(x, y, full) {
	const scale = full ? SAFE : 1
	const w = white((x - UNIT / 2) / scale + UNIT / 2, (y - UNIT / 2) / scale + UNIT / 2)
	return { covered: full || inside(x, y), colour: BLUE.map((c) => c + (255 - c) * w) }
}

function pixel(px, py, size, full) {
	const sum = [0, 0, 0]
	let covered = 0
	for (let i = 0; i < SAMPLES * SAMPLES; i++) {
		const x = ((px + ((i % SAMPLES) + 0.5) / SAMPLES) * UNIT) / size
		const y = ((py + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) * UNIT) / size
		const point = at(x, y, full)
		if (!point.covered) continue
		covered++
		point.colour.forEach((c, n) => (sum[n] += c))
	}
	return [...sum.map((c) => Math.round(c / (covered || 1))), Math.round((covered * 255) / SAMPLES ** 2)]
}

function chunk(type, data) {
	const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
	const whole = Buffer.alloc(body.length + 8)
	whole.writeUInt32BE(data.length)
	body.copy(whole, 4)
	whole.writeUInt32BE(crc32(body), body.length + 4)
	return whole
}

function png(size, full) {
	const rows = []
	for (let y = 0; y < size; y++) {
		const row = [0] // no filter
		for (let x = 0; x < size; x++) row.push(...pixel(x, y, size, full))
		rows.push(Buffer.from(row))
	}
	const head = Buffer.alloc(13)
	head.writeUInt32BE(size, 0)
	head.writeUInt32BE(size, 4)
	head.set([8, 6, 0, 0, 0], 8) // 8 bits, RGBA
	const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
	return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })), chunk('IEND', Buffer.alloc(0))])
}

const dir = join(process.argv[2] ?? new URL('../dist', import.meta.url).pathname, 'icons')
mkdirSync(dir, { recursive: true })
copyFileSync(new URL('../src/shell/icon.svg', import.meta.url), join(dir, 'icon.svg'))
for (const size of [192, 512]) {
	writeFileSync(join(dir, `icon-${size}.png`), png(size, false))
	writeFileSync(join(dir, `maskable-${size}.png`), png(size, true))
}
writeFileSync(join(dir, 'touch-180.png'), png(180, true))
