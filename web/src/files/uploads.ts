/* What is on its way to the server, of all leads: it goes on when a dialog closes, and what failed waits to be tried again. */
import { computed, shallowReactive, type ComputedRef } from 'vue'
import { FILE_BYTES_MAX, uploadFile, type Target } from '@/api/files'
import { Problem, uuid } from '@/api/http'
import { text } from '@/api/text'
import type { Id } from '@/api/types'
import { size } from '@/ui/size'
import { dismiss, toast, toastError } from '@/ui/toast'
import { t } from './text'

export interface Upload {
	/** Also the key: tried again it is the same file. */
	id: string
	to: Target
	blob: Blob
	name: string
	share: number
	error: string | null
	/** The server will not take it, however often it is sent. */
	refused: boolean
	/** The toast that told of the failure. */
	told: number
}

const AT_ONCE = 2

const uploads = shallowReactive<Upload[]>([])
const running = new Set<string>()

export const uploadsOf = (lead: () => Id): ComputedRef<Upload[]> => computed(() => uploads.filter((upload) => upload.to.lead === lead()))

function put(id: string, more: Partial<Upload>): void {
	const at = uploads.findIndex((upload) => upload.id === id)
	if (at >= 0) uploads.splice(at, 1, { ...uploads[at]!, ...more })
}

export function forget(id: string): void {
	const at = uploads.findIndex((upload) => upload.id === id)
	if (at >= 0) dismiss(uploads.splice(at, 1)[0]!.told)
}

const isRefusal = (problem: unknown) => problem instanceof Problem && problem.status >= 400 && problem.status < 500 && ![401, 408, 429].includes(problem.status)

async function run(upload: Upload): Promise<void> {
	running.add(upload.id)
	try {
		await uploadFile(upload.to, upload.blob, upload.name, upload.id, (share) => put(upload.id, { share }))
		forget(upload.id)
	} catch (problem) {
		const detail = problem instanceof Problem ? problem.detail : text('unknown')
		const refused = isRefusal(problem)
		const action = refused ? undefined : { label: t('retry'), run: () => retry(upload.id) }
		const told = toast(t('uploadFailed', { name: upload.name, detail }), { tone: 'error', action })
		put(upload.id, { error: detail, share: 0, refused, told })
	} finally {
		running.delete(upload.id)
		next()
	}
}

function next(): void {
	const waiting = uploads.filter((upload) => !upload.error && !running.has(upload.id))
	for (const upload of waiting.slice(0, AT_ONCE - running.size)) void run(upload)
}

export function retry(id: string): void {
	const failed = uploads.find((one) => one.id === id)
	if (failed) dismiss(failed.told)
	put(id, { error: null })
	next()
}

/** Puts it on its way; false: it is too large, which was said. */
export function upload(to: Target, blob: Blob, name: string): boolean {
	if (blob.size > FILE_BYTES_MAX) {
		toastError(new Problem(413, 'too_large', t('tooLarge', { name, size: size(blob.size) })))
		return false
	}
	uploads.push({ id: uuid(), to, blob, name, share: 0, error: null, refused: false, told: 0 })
	next()
	return true
}
