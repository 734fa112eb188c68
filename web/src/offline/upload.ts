/* As fetch, and tells how far it is, which fetch does not: XMLHttpRequest. */
import type { Fetch } from './send'

export const uploading = (progress: (share: number) => void): Fetch => (path, init) =>
	new Promise((done, fail) => {
		const ask = new XMLHttpRequest()
		ask.open(init.method ?? 'GET', path)
		for (const [name, value] of Object.entries((init.headers ?? {}) as Record<string, string>)) ask.setRequestHeader(name, value)
		ask.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
		ask.onload = () => {
			const after = ask.getResponseHeader('Retry-After')
			done(new Response(ask.status === 204 ? null : ask.responseText, { status: ask.status, headers: after ? { 'Retry-After': after } : {} }))
		}
		ask.onerror = ask.onabort = () => fail(new TypeError('no line'))
		init.signal?.addEventListener('abort', () => ask.abort())
		ask.send(init.body as XMLHttpRequestBodyInit)
	})
