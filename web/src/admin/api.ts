/* What administrators and supervisors ask of the server, beside plain records. */
import { del, get, post, put } from '@/api/http'
import type { Card, Id, Named, ObjectDef, Page, Time } from '@/api/types'

export const getObject = (name: string) => get<ObjectDef>(`/objects/${name}`)

export interface BoardRow extends Card {
	owner: Named | null
	wait_reason?: string | null
	waiting_since?: Time | null
}

export type PersonState = 'free' | 'full' | 'off_hours' | 'absent' | 'frozen' | 'inactive'

export interface BoardPerson {
	id: Id
	name: string
	team: Named | null
	untouched: number
	capacity: number
	open: number
	state: PersonState
	frozen_until: Time | null
	misses: number
	today: { got: number; touched: number; missed: number; cross_grabs: number }
}

/** A refused attempt on a protected lead; the lead is null where the reader may not see it. */
export interface CrossGrab {
	at: Time
	act: string
	by: Named | null
	holder: Named | null
	lead: { id: Id; name: string | null; company: string | null } | null
}

export interface Board {
	now: Time
	running_out: BoardRow[]
	overdue: BoardRow[]
	stuck: BoardRow[]
	people: BoardPerson[]
	counts: { waiting: number; running: number; escalated: number }
	cross_grabs: { count: number; items: CrossGrab[] }
}

export const getBoard = () => get<Board>('/board')
export const releasePerson = (id: Id) => post<void>(`/users/${id}/release`)
/** A link that lifts one freeze once: its address, and the modules of its QR code row by row ('1' is dark). */
export interface ReleaseCode {
	url: string
	size: number
	bits: string
	expires_at: Time
}
export const makeReleaseCode = (id: Id) => post<ReleaseCode>(`/users/${id}/release-code`)
export const setAbsence = (id: Id, absent: boolean, until?: Time | null) => post<void>(`/users/${id}/absence`, { absent, until: until ?? undefined })

export type RankBy = 'weight' | 'load' | 'idle'
export type Returning = 'contacting' | 'qualified'
export type Keeping = 'open' | 'won'
export type Level = 'province' | 'city' | 'district'

export interface Policy {
	pools: { pool: Id; filters: { territory: boolean; skill: boolean } }[]
	territory_by: Level[]
	everywhere?: boolean
	fallback_pool: Id
	touch_minutes: number
	protection_minutes: number
	hops_max: number
	escalate_minutes: number
	freeze_misses: number
	load_max: number
	summary_min: number
	rank: RankBy[]
	out_of_hours: 'hold' | 'on_call' | 'pool'
	on_call: Id | null
	out_of_hours_pool: Id | null
	return_days: number
	return_warn_days: number
	return_from: Returning[]
	cooling_days: number
	stock_max: number
	account_days: number
	account_warn_days: number
	account_stock_max: number
	account_keep: Keeping[]
	account_pool: Id | null
	report_minute: number
	report_every_day: boolean
}

export interface PolicyVersion {
	version: number
	at: Time
	author: Named | null
	note: string | null
	in_force?: boolean
}

export interface PolicyTrial {
	leads: number
	same: number
	moved: number
	unmatched_before: number
	unmatched_after: number
	unmatched_share: number
	returns: number
	account_returns: number
	by_person: { user: Id; name: string; before: number; after: number }[]
	by_rule: { rule: string; dropped: number }[]
	samples: { lead: Id; name: string | null; city: string | null; district: string | null; before: unknown; after: unknown; why: string | null }[]
	warning: string | null
	took_ms: number
}

export const getPolicy = () => get<PolicyVersion & { policy: Policy }>('/policy')
export const policyVersions = () => get<{ items: PolicyVersion[] }>('/policy/versions')
export const policyAt = (version: number) => get<PolicyVersion & { policy: Policy }>(`/policy/versions/${version}`)
export const tryPolicy = (policy: Policy, signal?: AbortSignal) => post<PolicyTrial>('/policy/try', { policy }, { signal })
/** `seen`: the version that was edited; refused with 412 when another one is in force. */
export const savePolicy = (policy: Policy, note: string, seen: number) => put<PolicyVersion>('/policy', { policy, note }, { ifMatch: seen })
export const restorePolicy = (version: number) => post<PolicyVersion>(`/policy/versions/${version}/restore`)

export type ReceiptState = 'pending' | 'taken' | 'duplicate' | 'quarantined'

export interface Receipt {
	id: Id
	at: Time
	source: Partial<Named> | null
	state: ReceiptState
	reason: string | null
	detail: string | null
	lead: Id | null
	visitor: string | null
	preview?: string | null
}

export interface ReceiptDetail extends Receipt {
	body: string | null
	content_type: string | null
	headers: Record<string, string>
	history: { at: Time; who: string | Named | null; act: string }[]
	/** What a form brought, and what of it was left out. */
	files?: { name: string; bytes: number; kept: boolean; detail?: string }[]
}

export interface ReceiptAnswer {
	receipt: Id
	state: ReceiptState
	lead?: Id | null
	reason?: string | null
}

export interface IntakeSummary {
	today: Record<ReceiptState, number>
	by_source: { source: Partial<Named> | null; last_at: Time | null; today: number; quarantined: number }[]
}

export interface ReceiptQuery {
	state?: string
	source?: string | null
	reason?: string | null
	search?: string
	after?: string | null
	limit?: number
}

export const listReceipts = (query: ReceiptQuery, signal?: AbortSignal) => get<Page<Receipt>>('/intake/receipts', { ...query }, { signal })
export const getReceipt = (id: Id) => get<ReceiptDetail>(`/intake/receipts/${id}`)
export const replayReceipt = (id: Id, body?: string) => post<ReceiptAnswer>(`/intake/receipts/${id}/replay`, body === undefined ? {} : { body })
export const replayMany = (which: { ids: Id[] } | { state: string; reason?: string; source?: Id }) =>
	post<{ replayed: number; failed: number }>('/intake/replay', which)
export const intakeSummary = () => get<IntakeSummary>('/intake/summary')

export type SourceState = 'ok' | 'learning' | 'silent' | 'jump' | 'off'

export interface SourceHealth {
	source: { id: Id; name: string; key: string }
	state: SourceState
	last_at: Time | null
	silent_since: Time | null
	jump_since: Time | null
	usual_now: number
	arrived_day: number
	quarantined_day: number
	usual_share: number
	last_error: { at: Time; reason: string | null; detail: string | null } | null
	hours: number[]
}

export const sourceHealth = () => get<{ items: SourceHealth[] }>('/intake/health')

export interface Callback {
	kind: string | null
	receiver: string | null
	has_token: boolean
	token_tail: string | null
	has_key: boolean
	key_tail: string | null
	fault: 'secret_unreadable' | null
	path: string
}

export const getCallback = (source: Id) => get<Callback>(`/sources/${source}/callback`)
export const setCallback = (source: Id, settings: { kind: string; token?: string; key?: string; receiver?: string }) => put<Callback>(`/sources/${source}/callback`, settings)

export interface QrSheet {
	url: string
	size: number
	bits: string
	scans: number
	leads: number
	last_scan_at: Time | null
}

export const qrSheet = (id: Id) => get<QrSheet>(`/qr-codes/${id}`)

export interface Inbox {
	kind: string | null
	host: string | null
	port: number
	tls: string | null
	user: string | null
	folder: string | null
	allowed_host: string | null
	corpid: string | null
	server: string | null
	every_min: number
	old: boolean
	senders: string[]
	has_secret: boolean
	checked_at?: Time | null
	ok_at?: Time | null
	failed_at?: Time | null
	reason?: string | null
	detail?: string | null
	taken?: number
	left?: number
}

export interface InboxTrial {
	ok: boolean
	messages: number
	reason: string | null
	detail: string | null
}

export const getInbox = (source: Id) => get<Inbox>(`/sources/${source}/inbox`)
export const setInbox = (source: Id, settings: object) => put<Inbox>(`/sources/${source}/inbox`, settings)
export const dropInbox = (source: Id) => del<Inbox>(`/sources/${source}/inbox`)
export const checkInbox = (source: Id) => post<Inbox>(`/sources/${source}/inbox/check`, {})
export const tryInbox = (source: Id, settings: object) => post<InboxTrial>(`/sources/${source}/inbox/test`, settings)

export interface Setup {
	done: boolean
	steps: { name: string; done: boolean }[]
}

export const getSetup = () => get<Setup>('/setup')
export const setCompany = (name: string, zone: string) => post<void>('/setup/company', { name, zone })
export const sendTestLead = () => post<ReceiptAnswer>('/setup/test-lead')
export const finishSetup = () => post<void>('/setup/done')

export interface ApiKey {
	id: Id
	name: string
	scopes: string
	created_at: Time
}

export interface Session {
	id: Id
	created_at: Time
	last_seen_at: Time
	ip: string | null
	device: string | null
	current: boolean
}

export const listKeys = () => get<{ items: ApiKey[] }>('/api-keys')
export const createKey = (name: string, scopes: string) => post<{ id: Id; key: string }>('/api-keys', { name, scopes })
export const deleteKey = (id: Id) => del<void>(`/api-keys/${id}`)
export const listSessions = () => get<{ items: Session[] }>('/sessions')
export const endSession = (id: Id) => del<void>(`/sessions/${id}`)
export const resetPassword = (id: Id) => post<{ password: string }>(`/users/${id}/password`)
