/* Files of leads. An upload is one small function that takes bytes, a name and a key, so that it can be called at once or from a
 * queue later: the same key is the same file, however often it is sent. */
import { lang } from '@/i18n/i18n'
import { Problem, address, askRenewal, del, get } from './http'
import { text } from './text'
import type { Id, StoredFile } from './types'

export const FILE_BYTES_MAX = 10 * 1024 * 1024

export const filesOf = (lead: Id) => get<{ items: StoredFile[] }>(`/leads/${lead}/files`)
export const deleteFile = (id: Id) => del<{ change: Id }>(`/files/${id}`)
/** Where the content lies: for img, audio and links. */
export const fileUrl = (id: Id, download = false) => address(`/files/${id}`, download ? { download } : undefined)

export interface Target {
	lead: Id
	/** The contact it belongs to. */
	activity?: Id
}

function problemOf(status: number, body: string): Problem {
	try {
		const { code, detail, title, fields } = JSON.parse(body)
		return new Problem(status, code ?? String(status), detail || title || text('unexpected', { status }), fields ?? [])
	} catch {
		return new Problem(status, String(status), text('unexpected', { status }))
	}
}

/** XMLHttpRequest, because fetch tells nothing of how far an upload is. */
function once(to: Target, file: Blob, name: string, key: string, progress?: (share: number) => void): Promise<{ status: number; body: string }> {
	return new Promise((done, fail) => {
		const ask = new XMLHttpRequest()
		ask.open('POST', address(`/leads/${to.lead}/files`, { name, activity: to.activity, file: key }))
		ask.setRequestHeader('Accept-Language', lang.value)
		ask.setRequestHeader('Content-Type', 'application/octet-stream')
		ask.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total)
		ask.onload = () => done({ status: ask.status, body: ask.responseText })
		ask.onerror = () => fail(new Problem(0, 'offline', text('offline')))
		ask.send(file)
	})
}

export async function uploadFile(to: Target, file: Blob, name: string, key: string, progress?: (share: number) => void): Promise<StoredFile> {
	let answer = await once(to, file, name, key, progress)
	if (answer.status === 401 && (await askRenewal())) answer = await once(to, file, name, key, progress)
	if (answer.status < 200 || answer.status > 299) throw problemOf(answer.status, answer.body)
	return JSON.parse(answer.body) as StoredFile
}
