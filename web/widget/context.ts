/* The facts about a visit that are sent when the visitor agrees, under the names the server knows. The server adds the address. */
const UTM = ['utm_source', 'utm_medium', 'utm_campaign'] as const
const STORE = 'tenon:visit'

interface Visit {
	pages: number
	[utm: string]: string | number
}

/** Storage may be forbidden (private windows, framed pages): then the form works without memory. */
export function remember<T>(store: 'localStorage' | 'sessionStorage', key: string, value?: T | null): T | undefined {
	try {
		const at = window[store]
		if (value === null) at.removeItem(key)
		else if (value !== undefined) at.setItem(key, JSON.stringify(value))
		return JSON.parse(at.getItem(key) ?? 'null') ?? undefined
	} catch {
		return undefined
	}
}

/** Counts pages and keeps the campaign that brought the visitor; stays in the browser until there is consent. */
export function see(): Visit {
	const visit: Visit = remember<Visit>('sessionStorage', STORE) ?? { pages: 0 }
	const query = new URLSearchParams(location.search)
	visit.pages++
	for (const name of UTM) {
		const value = query.get(name)
		if (value) visit[name] = value
	}
	remember('sessionStorage', STORE, visit)
	return visit
}

export function device(): string {
	const agent = navigator.userAgent
	return /Mobi/.test(agent) ? 'phone' : /iPad|Android|Tablet/.test(agent) ? 'tablet' : 'desktop'
}

export function facts(visit: Visit, began: number): Record<string, string | number> {
	const out: Record<string, string | number> = {
		device: device(),
		language: navigator.language,
		screen: `${screen.width}x${screen.height}`,
		page: location.href.split('#')[0]!,
		referrer: document.referrer,
		dwell_ms: Math.round(performance.now()),
		pages_seen: visit.pages,
		form_ms: Date.now() - began,
	}
	for (const name of UTM) out[name] = visit[name] ?? ''
	return out
}
