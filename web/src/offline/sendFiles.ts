/* Sends the files that wait, one after the other, each after the contact it belongs to. Runs in a page and in the service worker, like
 * send.ts. The id is made here: sent twice, a file is there once. */
import type { Id } from '@/api/types'
import { isFile, type Draft, type FileDraft } from './draft'
import { ask, judge, otherThan, refusalOf, refuse, type DraftBox, type Fetch, type Report, type Sent, type Step } from './send'

export interface FileReport extends Report {
	/** What the server did not take this time. */
	refused: Draft[]
}

export const FILES_LOCK = 'tenon.files'

/** A slow line gets its time: a minute, and eight bytes a millisecond. */
const timeoutMs = (bytes: number) => 60_000 + bytes / 8

/** Its content is gone from the device: the browser cleared it. */
export const CONTENT_LOST = 'content_lost'

/** The contact it belongs to, or its lead, has not arrived yet. */
export const isHeld = (file: FileDraft, all: readonly Draft[]): boolean =>
	all.some((one) => !isFile(one) && (one.id === file.body.activity || (one.act === 'create' && one.record === file.record)))

const nextOf = (all: Draft[]): FileDraft | undefined => all.filter(isFile).find((file) => file.state === 'waiting' && !isHeld(file, all))

function pathOf({ id, record, body }: FileDraft): string {
	const query = new URLSearchParams({ name: body.name, file: id, ...(body.activity ? { activity: body.activity } : {}) })
	return `/leads/${record}/files?${query}`
}

async function sendOne(box: DraftBox, fetch: Fetch, draft: FileDraft, { sent, refused }: FileReport): Promise<Step> {
	const content = await box.content(draft.id).catch(() => undefined)
	if (!content) {
		refused.push(draft)
		return refuse(box, draft, { status: 0, body: { code: CONTENT_LOST } })
	}
	const headers = { 'Content-Type': 'application/octet-stream', Accept: 'application/json', 'Accept-Language': draft.lang }
	const answer = await ask(fetch, pathOf(draft), { method: 'POST', headers, body: content, signal: AbortSignal.timeout?.(timeoutMs(content.byteLength)) })
	const verdict = judge(answer.status, answer.body?.code, 'file')
	if (verdict === 'line' || verdict === 'door') return { end: verdict, retryAfterMs: answer.retryAfterMs }
	if (verdict === 'sent') {
		await box.remove(draft.id)
		sent.push({ draft, answer: answer.body })
		return 'next'
	}
	refused.push({ ...draft, refusal: refusalOf(answer) })
	return refuse(box, draft, answer)
}

/** `upload` sends a body and may tell how far it is. */
export async function sendFiles(box: DraftBox, user: Id, fetch: Fetch, upload: (draft: Draft) => Fetch = () => fetch): Promise<FileReport> {
	const report: FileReport = { sent: [] as Sent[], refused: [], end: 'clear' }
	if (!nextOf(await box.drafts(user))) return report
	const other = await otherThan(user, fetch)
	if (other) return { ...report, ...other }
	for (;;) {
		const draft = nextOf(await box.drafts(user))
		if (!draft) return report
		const step = await sendOne(box, upload(draft), draft, report)
		if (step !== 'next') return { ...report, ...step }
	}
}
