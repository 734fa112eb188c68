/* A freeze that is lifted by its code. */
import { get, post } from '@/api/http'
import type { Id, Time } from '@/api/types'

export interface Release {
	person: { id: Id; name: string; team: string | null }
	frozen_at?: Time
	frozen_until?: Time
	misses: number
	released: boolean
}

export const lookAtCode = (token: string) => get<Release>(`/release/${encodeURIComponent(token)}`)
export const spendCode = (token: string) => post<Release>(`/release/${encodeURIComponent(token)}`)
