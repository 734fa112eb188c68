/* The shapes of the API, as docs/developers/api.md tells them. */
export type Id = string
export type Time = string

export interface Named {
	id: Id
	name: string
}

export interface Page<T> {
	items: T[]
	next: string | null
}

export interface Rec {
	id: Id
	version: number
	[field: string]: unknown
}

export interface User {
	id: Id
	name: string
	login: string
	role: 'administrator' | 'supervisor' | 'salesperson'
	team: Id | null
	language?: 'zh' | 'en' | null
	must_change_password?: boolean
}

export interface Person extends Named {
	team: Id | null
	active: boolean
}

export interface Boot {
	user: User
	rights: string[]
	company: string
	absent: boolean
	now: Time
	test_clock: boolean
	setup_done: boolean
	alerts_unread: number
	people: Person[]
	teams: Named[]
	sources: (Named & { grade: string })[]
	pools: Named[]
	codes?: Named[]
	public_url: string
	live_seq: number
}

export interface Choice {
	value: string
	zh: string
	en: string
}

export interface FieldDef {
	name: string
	zh: string
	en: string
	type: string
	ref?: string
	choices?: Choice[]
	required?: boolean
	read_only?: boolean
	max?: number
	scale?: number
}

export interface ObjectDef {
	name: string
	zh: string
	en: string
	title: string
	fields: FieldDef[]
}

export type LeadStatus = 'new' | 'contacting' | 'qualified' | 'converted' | 'invalid'
export type Method = 'call' | 'wechat' | 'visit' | 'meeting' | 'mail' | 'chat' | 'note'

export interface Lead extends Rec {
	name: string | null
	company: string | null
	phone: string | null
	email: string | null
	province: string | null
	city: string | null
	district: string | null
	message: string | null
	status: LeadStatus
	owner: Id | null
	team: Id | null
	pool: Id | null
	source: Id | null
	score?: number | null
	created_at: Time
	first_touch_at: Time | null
	next_follow_up_at?: Time | null
	_change?: Id
}

export interface Countdown {
	state: 'running' | 'held' | 'escalated' | 'stopped' | 'none'
	respond_by: Time | null
	starts_at: Time | null
	total_ms: number
	left_ms: number
}

export interface LeadView extends Lead {
	_view: {
		owner: Named | null
		team: Named | null
		source: Named | null
		pool: Named | null
		account: Named | null
		countdown: Countdown | null
		protection: { holder: Named; until: Time } | null
		may: { touch: boolean; claim: boolean; return: boolean; assign: boolean; convert: boolean; edit: boolean }
		phone: PhoneFacts | null
		heat?: number
		summary_min: number
		/** When it returns to its pool if nobody follows it up. */
		returns_at: Time | null
	}
}

export interface PhoneFacts {
	e164?: string
	province?: string | null
	city?: string | null
	carrier?: string | null
}

export interface Match {
	object: string
	id: Id
	name: string | null
	company: string | null
	owner: Named | null
	kinds: string[]
	similarity: number
	weight: number
	risk: 'high' | 'similar'
}

export interface Card {
	id: Id
	name: string | null
	company: string | null
	phone: string | null
	city: string | null
	source: { id: Id; name: string; grade: string } | null
	message: string | null
	score: number | null
	status: LeadStatus
	assigned_at: Time
	unread: boolean
	countdown: Countdown
}

export interface FollowUp {
	lead: Id
	name: string | null
	company: string | null
	at: Time
	overdue: boolean
}

export interface Waiting {
	id: Id
	name: string | null
	company: string | null
	pool: Named | null
	waiting_since: Time
}

export interface Desk {
	now: Time
	cards: Card[]
	top: { lead: Card; why: string }[]
	today: { new: number; touched: number; missed: number; due: number }
	follow_ups: FollowUp[]
	tasks: Rec[]
	waiting: Waiting[]
	frozen_until: Time | null
	absent: boolean
	summary_min: number
}

export type AssignmentKind = 'first' | 'miss' | 'escalated' | 'return' | 'hand_over' | 'claim' | 'drain' | 'freeze' | 'absent' | 'idle'

export interface Candidate {
	user: Id
	name: string
	score: number
	parts: Record<string, number>
}

export interface Dropped {
	user: Id
	name: string
	rule: string
	detail: string
}

export interface Assignment {
	id: Id
	at: Time
	kind: AssignmentKind
	owner: Named | null
	pool: Named | Id | null
	policy_version: number
	reason: string | null
	candidates: Candidate[]
	candidates_total?: number
	dropped: Dropped[]
	dropped_by?: Record<string, number>
}

export interface TimelineItem {
	kind: 'activity' | 'change' | 'assignment' | 'enquiry' | 'file'
	at: Time
	who: Named | null
	data: Record<string, unknown>
}

/** A photo, a voice note or a document of a lead. */
export interface FileNote {
	id: Id
	name: string
	kind: 'photo' | 'voice' | 'file'
	media_type: string
	bytes: number
}

export interface StoredFile extends FileNote {
	at: Time
	activity: Id | null
	by?: Named | null
	_change?: Id
}

export interface BatchResult {
	done: number
	failed: { id: Id; code: string; detail: string }[]
	change: Id | null
}

export interface Alert {
	id: Id
	reason: string
	count: number
	at: Time
	object: string | null
	record: Id | null
	data: Record<string, unknown>
	urgent: boolean
	read_at: Time | null
}

export interface LiveMessage {
	seq: number
	at: Time
	kind: string
	object: string | null
	record: Id | null
	owner: Id | null
	before: Id | null
	team: Id | null
	pool: Id | null
	data: Record<string, unknown>
}
