/* The raw body of a receipt as a person reads and corrects it. */
export function looksLikeJson(contentType: string | null, body: string): boolean {
	return /json/i.test(contentType ?? '') || /^\s*[[{]/.test(body)
}

/** Indented when it is JSON, else as it is: a broken body must be shown exactly as it came. */
export function pretty(body: string): string {
	try {
		return JSON.stringify(JSON.parse(body), null, 2)
	} catch {
		return body
	}
}

/** What is wrong with it as JSON, with line and column where the browser tells them; undefined when nothing is. */
export function jsonFault(body: string): string | undefined {
	try {
		JSON.parse(body)
		return undefined
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error)
		const at = /position (\d+)/.exec(message)?.[1]
		if (!at || /line \d+/.test(message)) return message
		const before = body.slice(0, Number(at)).split('\n')
		return `${message} (line ${before.length} column ${before[before.length - 1]!.length + 1})`
	}
}

/** Form pairs as the JSON object that says the same: a start for a correction. */
export function formToJson(body: string): string {
	return JSON.stringify(Object.fromEntries(new URLSearchParams(body)), null, 2)
}
