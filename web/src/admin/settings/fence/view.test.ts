import { expect, test } from 'vitest'
import { CHINA, fit, lines, marks, niceStep, panned, resized, ruler, toPlace, toScreen, zoomed } from './view'

test('there and back, and what lies under the finger stays there', () => {
	const view = fit(CHINA, 600, 400)
	const [x, y] = toScreen(view, [121.5, 31.2])
	const [lon, lat] = toPlace(view, x, y)
	expect(lon).toBeCloseTo(121.5, 9)
	expect(lat).toBeCloseTo(31.2, 9)
	const closer = zoomed(view, 3, 100, 50)
	expect(toScreen(closer, toPlace(view, 100, 50) as [number, number])[0]).toBeCloseTo(100, 6)
	const aside = panned(view, 30, -20)
	expect(toScreen(aside, [121.5, 31.2])[0]).toBeCloseTo(x + 30, 6)
	expect(toScreen(aside, [121.5, 31.2])[1]).toBeCloseTo(y - 20, 6)
})

test('the whole box is in sight, even if it is a point', () => {
	const view = fit(CHINA, 600, 400)
	for (const corner of [[CHINA[0], CHINA[1]], [CHINA[2], CHINA[3]]] as [number, number][]) {
		const [x, y] = toScreen(view, corner)
		expect(x > 0 && x < 600 && y > 0 && y < 400).toBe(true)
	}
	expect(Number.isFinite(fit([121, 31, 121, 31], 600, 400).scale)).toBe(true)
})

test('on a screen of another size all stays in sight', () => {
	const view = fit(CHINA, 600, 400)
	for (const other of [resized(view, 300, 400), resized(view, 1400, 800)]) {
		const [x, y] = toScreen(other, [CHINA[0], CHINA[3]])
		expect(x > 0 && y > 0).toBe(true)
	}
	expect(resized(view, 1400, 800).scale).toBeGreaterThan(view.scale * 1.9)
})

test('what is straight in degrees is straight on the screen', () => {
	const view = fit([100, 20, 130, 50], 500, 500)
	const [a, m, b] = ([[100, 20], [110, 35], [120, 50]] as [number, number][]).map((p) => toScreen(view, p))
	expect(m![0]).toBeCloseTo((a![0] + b![0]) / 2, 6)
	expect(m![1]).toBeCloseTo((a![1] + b![1]) / 2, 6)
})

test('steps and lengths are round', () => {
	expect([0.9, 1.1, 3, 7].map(niceStep)).toEqual([1, 2, 5, 10])
	const view = fit([121, 31, 122, 32], 400, 400)
	const { px, km } = ruler(view)
	expect(px).toBeLessThanOrEqual(100)
	expect(px).toBeGreaterThan(30)
	expect([1, 2, 5]).toContain(Number(String(km).replace(/^[0.]+|0+$/g, '')[0]))
	expect(lines(view).down.length).toBeGreaterThan(1)
	expect(lines(zoomed(view, 1e9)).across.length).toBeLessThan(20)
})

test('names do not lie over each other, and cities come with closeness', () => {
	const all = [{ code: '31', name: '上海市', place: [121.4, 31] as const }, { code: '3101', name: '上海市', place: [121.4, 31] as const }, { code: '3205', name: '苏州市', place: [120.6, 31.3] as const }, { code: '32', name: '江苏省', place: [119.4, 33] as const }]
	const far = marks(fit(CHINA, 300, 300), all)
	expect(far.map((mark) => mark.code)).toEqual(['31', '32'])
	const near = marks(fit([119, 30, 122, 33], 300, 300), all)
	expect(near.map((mark) => mark.code)).toEqual(['31', '32', '3205'])
	const crowded = marks(fit(CHINA, 300, 300), [{ code: '31', name: '上海市', place: [121.4, 31] }, { code: '33', name: '浙江省', place: [121.5, 31] }])
	expect(crowded.map((mark) => mark.name)).toEqual(['上海市', ''])
})
