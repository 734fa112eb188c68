import { expect, it } from 'vitest'
import { broken, FLOW_WIDTH, laidOut, type FlowStep } from './flow'

it('breaks Chinese anywhere and Latin between words', () => {
	expect(broken('线索进来之后先看客户', 60)).toEqual(['线索进来', '之后先看', '客户'])
	expect(broken('Goes to that owner', 60).every((line) => !line.startsWith(' ') && line.length <= 9)).toBe(true)
	expect(broken('', 60)).toEqual([''])
})

it('lays steps out without overlap, branches beside their question', () => {
	const steps: FlowStep[] = [
		{ kind: 'start', text: '线索进来', label: null, branch: null },
		{ kind: 'ask', text: '谁合适？'.repeat(12), label: '有人', branch: '按权重取第一位' },
		{ kind: 'do', text: 'Nobody: waits', label: null, branch: null },
	]
	const { boxes, arrows, height } = laidOut(steps)
	const main = boxes.filter((box) => box.kind !== 'branch')
	expect(main.every((box, n) => n === 0 || box.y > main[n - 1]!.y + main[n - 1]!.h)).toBe(true)
	expect(boxes.every((box) => box.x + box.w <= FLOW_WIDTH && box.y + box.h <= height)).toBe(true)
	expect(boxes.find((box) => box.kind === 'branch')!.y).toBe(main[1]!.y)
	expect(arrows.filter((arrow) => arrow.label)).toHaveLength(1)
})
