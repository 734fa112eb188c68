/* Ticks on the tree of regions as a short list of codes: a region that is ticked stands for all below it. */
export interface Place {
	code: string
	name: string
	children?: Place[]
}

/** A municipality's only "city" is itself, so its districts stand right below it. Codes of 2, 4 and 6 digits, as the server knows them. */
export function flatten(tree: readonly Place[]): Place[] {
	return tree.map((province) => {
		const cities = province.children ?? []
		const single = cities.length === 1 && cities[0]!.name === province.name
		const below = single ? (cities[0]!.children ?? []) : cities.map((city) => ({ ...city, children: city.children?.filter((d) => d.code !== city.code) }))
		return { ...province, children: below }
	})
}

export const covers = (above: string, below: string) => below.startsWith(above)

export type Tick = 'on' | 'some' | 'off'

export function tickOf(codes: readonly string[], code: string): Tick {
	if (codes.some((chosen) => covers(chosen, code))) return 'on'
	return codes.some((chosen) => chosen !== code && covers(code, chosen)) ? 'some' : 'off'
}

function pathTo(tree: readonly Place[], code: string): Place[] {
	for (const place of tree) {
		if (place.code === code) return [place]
		const rest = pathTo(place.children ?? [], code)
		if (rest.length > 0) return [place, ...rest]
	}
	return []
}

/** Ticks or unticks a place. Unticking below a ticked region keeps its other parts; ticking all parts becomes the whole. */
export function toggle(tree: readonly Place[], codes: readonly string[], code: string, on: boolean): string[] {
	const path = pathTo(tree, code)
	let chosen = codes.filter((other) => !covers(code, other))
	if (!on) {
		for (const [depth, place] of path.entries()) {
			if (!chosen.includes(place.code)) continue
			const next = path[depth + 1]
			chosen = chosen.filter((other) => other !== place.code)
			if (next) chosen.push(...(place.children ?? []).map((child) => child.code).filter((child) => child !== next.code || depth + 1 < path.length - 1))
		}
		return chosen.sort()
	}
	chosen.push(code)
	for (const place of path.slice(0, -1).reverse()) {
		const parts = (place.children ?? []).map((child) => child.code)
		if (parts.length === 0 || !parts.every((part) => chosen.includes(part))) break
		chosen = [...chosen.filter((other) => !parts.includes(other)), place.code]
	}
	return chosen.sort()
}

/** "广东省 深圳市" for each code. */
export function namesOf(tree: readonly Place[], codes: readonly string[]): { code: string; name: string }[] {
	return codes.map((code) => ({ code, name: pathTo(tree, code).map((place) => place.name).join(' ') || code }))
}

/** Places whose name holds the text, with the path that leads there. */
export function search(tree: readonly Place[], text: string, max = 40): { code: string; name: string }[] {
	const found: { code: string; name: string }[] = []
	const walk = (places: readonly Place[], before: string) => {
		for (const place of places) {
			if (found.length >= max) return
			const name = before ? `${before} ${place.name}` : place.name
			if (place.name.includes(text)) found.push({ code: place.code, name })
			walk(place.children ?? [], name)
		}
	}
	if (text) walk(tree, '')
	return found
}
