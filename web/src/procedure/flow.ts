/* The flow chart of the procedure: where boxes and arrows lie. Steps go down, branches to the right; texts are broken by width. */
export interface FlowStep {
	kind: 'start' | 'ask' | 'do'
	text: string
	label: string | null
	branch: string | null
}

export interface Box {
	kind: FlowStep['kind'] | 'branch'
	x: number
	y: number
	w: number
	h: number
	lines: string[]
}

export interface Arrow {
	path: string
	label: string | null
	x: number
	y: number
}

const MAIN = 210
const SIDE = 130
const GAP = 44
const DOWN = 24
const LINE = 17
const PAD = 11
const EDGE = 8
export const FLOW_WIDTH = EDGE * 2 + MAIN + GAP + SIDE

const isWide = (letter: string) => letter.codePointAt(0)! > 0x2e7f
const widthOf = (text: string) => [...text].reduce((sum, letter) => sum + (isWide(letter) ? 12.5 : 6.6), 0)

/** Lines no wider than that: Latin words stay whole, Chinese breaks anywhere. */
export function broken(text: string, width: number): string[] {
	const lines: string[] = ['']
	for (const piece of text.match(/[\u2e80-\uffff][，。；：？！、）”]*|[^\s\u2e80-\uffff]+\s*|\s+/g) ?? []) {
		const last = lines[lines.length - 1]!
		if (last !== '' && widthOf(last + piece.trimEnd()) > width) lines.push(piece.trimStart())
		else lines[lines.length - 1] = last + piece
	}
	return lines.map((line) => line.trim())
}

export function laidOut(steps: readonly FlowStep[]): { boxes: Box[]; arrows: Arrow[]; height: number } {
	const boxes: Box[] = []
	const arrows: Arrow[] = []
	let y = EDGE
	let before: Box | null = null
	for (const step of steps) {
		const lines = broken(step.text, MAIN - 2 * PAD)
		const side = step.branch ? broken(step.branch, SIDE - 2 * PAD) : []
		const h = Math.max(lines.length, side.length) * LINE + 2 * PAD
		if (before && step.kind === 'start') y += DOWN
		const box: Box = { kind: step.kind, x: EDGE, y, w: MAIN, h, lines }
		if (before && step.kind !== 'start') arrows.push({ path: `M${EDGE + MAIN / 2} ${before.y + before.h}V${y - 5}`, label: null, x: 0, y: 0 })
		boxes.push(box)
		if (step.branch) {
			const from = EDGE + MAIN
			boxes.push({ kind: 'branch', x: from + GAP, y, w: SIDE, h, lines: side })
			arrows.push({ path: `M${from} ${y + h / 2}H${from + GAP - 5}`, label: step.label, x: from + GAP / 2 - 2, y: y + h / 2 - 5 })
		}
		before = box
		y += h + DOWN
	}
	return { boxes, arrows, height: y - DOWN + EDGE }
}
