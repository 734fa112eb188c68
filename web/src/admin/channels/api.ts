/* What the screens of channels ask of the server. Secrets go in and never come back: only whether one is set, and its end. */
import { del, get, patch, post, put } from '@/api/http'
import type { Id, Named, Time } from '@/api/types'

export interface Setting {
	name: string
	type: 'text' | 'url' | 'int' | 'choice'
	required: boolean
	secret: boolean
	zh: string
	en: string
	help_zh: string | null
	help_en: string | null
	choices: string | null
	fallback: string | null
}

export interface Kind {
	name: string
	zh: string
	en: string
	group: boolean
	rate: number
	address_zh: string | null
	address_en: string | null
	address_required: boolean
	settings: Setting[]
}

export type BreakerState = 'closed' | 'open' | 'half_open' | 'limited'
export type OutState = 'sent' | 'failed' | 'dropped' | 'expired'

export interface Channel {
	id: Id
	kind: string
	name: string
	enabled: boolean
	allowed_host: string | null
	rate: number
	fault: string | null
	/** The same in words, in the reader's language. */
	fault_said: string | null
	settings: Record<string, string | number>
	secrets: Record<string, { set: boolean; tail: string | null }>
	breaker: { state: BreakerState; code: string | null; detail: string | null; said: string | null; at: Time | null; retry_at: Time | null }
	queue: number
	day: Record<OutState, number>
}

export interface LogRow {
	at: Time
	seq: number
	state: OutState
	reason: string
	code: string | null
	detail: string | null
	/** What happened, the code, and what to do next. */
	said: string | null
	tries: number
	made_at: Time
	receiver: Named
}

export interface TestAnswer {
	ok: boolean
	code: string
	detail: string
	said: string | null
	status: number
	answer: string
	took_ms: number
}

export interface Available {
	id: Id
	kind: string
	kind_zh: string
	kind_en: string
	name: string
	enabled: boolean
	down: boolean
	address_zh: string | null
	address_en: string | null
	address_required: boolean
}

export interface MyChannel {
	channel: Id
	address: string
	spare: boolean
}

export interface Mine {
	items: MyChannel[]
	quiet: { from: string; to: string; urgent: boolean } | null
	available: Available[]
}

export type ChannelFields = Partial<Pick<Channel, 'kind' | 'name' | 'enabled' | 'allowed_host' | 'rate'>> & { settings: Record<string, string | number> }

export const listChannels = () => get<{ items: Channel[]; public_url: string | null }>('/channels')
export const listKinds = () => get<{ items: Kind[] }>('/channels/kinds')
export const createChannel = (fields: ChannelFields) => post<Channel>('/channels', fields)
export const changeChannel = (id: Id, fields: ChannelFields) => patch<Channel>(`/channels/${id}`, fields)
export const removeChannel = (id: Id) => del<void>(`/channels/${id}`)
export const testChannel = (id: Id, address?: string) => post<TestAnswer>(`/channels/${id}/test`, address ? { address } : {})
export const channelLog = (id: Id, after?: string | null) => get<{ items: LogRow[]; next: string | null }>(`/channels/${id}/log`, { after: after ?? undefined })
export interface Push {
	key: string | null
	devices: { id: Id; endpoint: string; device: string | null; created_at: Time }[]
}

export const getPush = () => get<Push>('/me/push')
export const postPush = (fields: { endpoint: string; p256dh: string; auth: string; device: string }) => post<Push>('/me/push', fields)
export const removePush = (endpoint: string) => post<Push>('/me/push/remove', { endpoint })
export const getMine = () => get<Mine>('/me/channels')
export const putMine = (items: Mine['items'], quiet: Mine['quiet']) => put<Mine>('/me/channels', { items, quiet })
