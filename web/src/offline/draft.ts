/* Something a person did on this device that the server has not confirmed yet. Its id is made here and is also the id of what comes
 * of it (the activity, the record): however often it is sent, it counts once. */
import type { Id } from '@/api/types'
import type { FieldFault } from '@/api/http'

export type Fields = Record<string, unknown>

export interface Refusal {
	status: number
	code: string
	detail: string
	fields: FieldFault[]
}

/** What stood on the server when an edit met another one; `who` and `at` of the last change that touched these fields. */
export interface Theirs {
	version: number
	values: Fields
	who?: string
	at?: string
}

export interface Draft {
	id: Id
	user: Id
	act: 'touch' | 'create' | 'edit' | 'file'
	object: string
	/** The record it is about; of a create the one to be made. */
	record: Id
	/** What the record is called, for the list of what waits. */
	title: string
	/** When the person pressed save, server time. */
	made: number
	/** Language of the person: refusals come back in it. */
	lang: string
	body: Fields
	/** Of an edit: the version and the values it was typed upon, and what its fields are called. */
	base?: { version: number; values: Fields }
	labels?: Record<string, string>
	/** Of an edit: it has gone out, and whether it arrived is not known yet; nothing joins it any more. */
	tried?: boolean
	/** `begun`: a file of a contact that is not saved yet; nothing is sent of it. */
	state: 'waiting' | 'refused' | 'conflict' | 'begun'
	refusal?: Refusal
	theirs?: Theirs
}

/** A draft of act `file`: its content lies beside it under the same id. */
export interface FileDraft extends Draft {
	act: 'file'
	body: { name: string; type: string; bytes: number; activity?: Id }
}

/** Taken by a camera, spoken or picked, and not yet kept. */
export interface Chosen {
	blob: Blob
	name: string
}

export interface Content {
	id: Id
	user: Id
	bytes: ArrayBuffer
}

/** What one person's files may take on this device, together. */
export const KEPT_BYTES_MAX = 100 * 1024 * 1024

export const isFile = (draft: Draft): draft is FileDraft => draft.act === 'file'
export const bytesOf = (drafts: readonly Draft[]): number => drafts.reduce((sum, draft) => sum + (isFile(draft) ? draft.body.bytes : 0), 0)

/** UUID version 7 of that moment, also where crypto.randomUUID is missing (plain http). */
export function newId(now: number): Id {
	const b = crypto.getRandomValues(new Uint8Array(16))
	for (let i = 0; i < 6; i++) b[i] = Math.floor(now / 2 ** (40 - 8 * i)) & 255
	b[6] = (b[6]! & 0x0f) | 0x70
	b[8] = (b[8]! & 0x3f) | 0x80
	const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('')
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** In the order in which they were made. */
export const inOrder = (drafts: Draft[]): Draft[] => [...drafts].sort((a, b) => a.made - b.made || (a.id < b.id ? -1 : 1))
