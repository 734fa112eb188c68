// Reads a QR code that is whole and upright: bytes of one segment, without correcting errors. Versions 1 to 9.
const ALIGN = { 1: [], 2: [6, 18], 3: [6, 22], 4: [6, 26], 5: [6, 30], 6: [6, 34], 7: [6, 22, 38], 8: [6, 24, 42], 9: [6, 26, 46] }
// Data bytes of each block at error correction M.
const BLOCKS = {
	1: [16], 2: [28], 3: [44], 4: [32, 32], 5: [43, 43], 6: [27, 27, 27, 27], 7: [31, 31, 31, 31], 8: [38, 38, 39, 39], 9: [36, 36, 36, 37, 37],
}
const MASKS = [
	(r, c) => (r + c) % 2 === 0, (r) => r % 2 === 0, (r, c) => c % 3 === 0, (r, c) => (r + c) % 3 === 0,
	(r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0, (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
	(r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0, (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
]

/** Modules that carry no data: finders and formats, timing, alignment, version. */
function fixed(size, version) {
	const spots = ALIGN[version]
	const last = spots.at(-1)
	const near = (r, c) => spots.some((y) => spots.some((x) => !((y === 6 && x === 6) || (y === 6 && x === last) || (y === last && x === 6)) && Math.abs(r - y) <= 2 && Math.abs(c - x) <= 2))
	return (r, c) =>
		(r < 9 && (c < 9 || c >= size - 8)) || (r >= size - 8 && c < 9) || r === 6 || c === 6 || near(r, c) ||
		(version >= 7 && ((r < 6 && c >= size - 11) || (c < 6 && r >= size - 11)))
}

/** The data bits in the order of the zigzag, the mask taken off. */
function* bitsOf(rows, version, mask) {
	const size = rows.length
	const skip = fixed(size, version)
	let up = true
	for (let right = size - 1; right > 0; right -= 2, up = !up) {
		if (right === 6) right--
		for (let n = 0; n < size; n++) {
			const r = up ? size - 1 - n : n
			for (const c of [right, right - 1]) if (!skip(r, c)) yield Number(rows[r][c] === '1') ^ Number(MASKS[mask](r, c))
		}
	}
}

/** rows: texts of '0' and '1' without the quiet zone. */
export function readSquare(rows) {
	const version = (rows.length - 17) / 4
	const format = [0, 1, 2, 3, 4].map((c) => Number(rows[8][c]) ^ [1, 0, 1, 0, 1][c])
	if (format[0] !== 0 || format[1] !== 0) throw new Error('not of error correction M')
	const bits = [...bitsOf(rows, version, (format[2] << 2) | (format[3] << 1) | format[4])]
	const bytes = Array.from({ length: bits.length >> 3 }, (_, n) => bits.slice(8 * n, 8 * n + 8).reduce((sum, bit) => 2 * sum + bit, 0))
	const lengths = BLOCKS[version]
	const blocks = lengths.map(() => [])
	let at = 0
	for (let n = 0; n < Math.max(...lengths); n++) lengths.forEach((length, b) => n < length && blocks[b].push(bytes[at++]))
	const data = blocks.flat()
	if (data[0] >> 4 !== 4) throw new Error('not a segment of bytes')
	const nibbles = data.flatMap((byte) => [byte >> 4, byte & 15]).slice(1)
	const count = 16 * nibbles[0] + nibbles[1]
	return new TextDecoder().decode(Uint8Array.from({ length: count }, (_, n) => 16 * nibbles[2 + 2 * n] + nibbles[3 + 2 * n]))
}
