/* How much working time is left to answer a lead, second by second, and how pressing that is. */
import type { Countdown } from '@/api/types'

export type Level = 'calm' | 'soon' | 'urgent' | 'over' | 'held' | 'escalated'

/** Milliseconds left at `now` for a countdown that was received at `receivedAt` (both server time). */
export function remaining(countdown: Countdown, receivedAt: number, now: number): number {
	if (countdown.state !== 'running') return countdown.left_ms
	return Math.max(0, countdown.left_ms - Math.max(0, now - receivedAt))
}

export function level(countdown: Countdown, left: number): Level {
	if (countdown.state === 'held' || countdown.state === 'escalated') return countdown.state
	if (left <= 0) return 'over'
	const share = left / Math.max(1, countdown.total_ms)
	if (share <= 0.2 || left <= 60_000) return 'urgent'
	return share <= 0.6 ? 'soon' : 'calm'
}

export const ticking = (countdown: Countdown | null | undefined): countdown is Countdown =>
	countdown?.state === 'running' || countdown?.state === 'held' || countdown?.state === 'escalated'

/** The clock will pause on the way (closing time, a holiday): ask the server again from time to time. */
export function pausesBeforeEnd(countdown: Countdown, receivedAt: number): boolean {
	if (countdown.state !== 'running' || !countdown.respond_by) return false
	return Date.parse(countdown.respond_by) - receivedAt > countdown.left_ms + 5000
}
