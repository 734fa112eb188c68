/* Reads one server-sent event stream over fetch: unlike EventSource it can tell 401 from an outage, sees the heartbeat comments
 * and resumes from any number. One call is one connection; it resolves when the connection ends. */
export interface StreamEvent {
	id: string
	data: string
}

export interface StreamHandlers {
	opened(): void
	event(event: StreamEvent): void
	/** Any byte arrived: the line is alive. */
	alive(): void
}

/** Cuts text into events; keeps the unfinished rest between calls. */
export function eventParser(emit: (event: StreamEvent) => void): (chunk: string) => void {
	let rest = ''
	let id = ''
	let data: string[] = []
	function line(text: string): void {
		if (text === '') {
			if (data.length > 0) emit({ id, data: data.join('\n') })
			data = []
			return
		}
		const colon = text.indexOf(':')
		if (colon === 0) return
		const name = colon < 0 ? text : text.slice(0, colon)
		const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
		if (name === 'id') id = value
		if (name === 'data') data.push(value)
	}
	return (chunk) => {
		const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/)
		rest = lines.pop() ?? ''
		lines.forEach(line)
	}
}

/** Returns the status the connection ended with: 200 for a stream that closed. Throws when there was no answer. */
export async function readStream(after: number, signal: AbortSignal, on: StreamHandlers): Promise<number> {
	const headers: Record<string, string> = { Accept: 'text/event-stream' }
	if (after >= 0) headers['Last-Event-ID'] = String(after)
	const response = await fetch('/api/v1/live', { headers, credentials: 'same-origin', cache: 'no-store', signal })
	if (!response.ok || !response.body) return response.status
	on.opened()
	const feed = eventParser(on.event)
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
	for (;;) {
		const { done, value } = await reader.read()
		if (done) return response.status
		on.alive()
		feed(value)
	}
}
