import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { observeNow, serverNow, watchClock } from './clock'

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date', 'performance'] }))
afterEach(() => vi.useRealTimers())

it('asks the server once when the clock of the device was set, and counts on with its answer', () => {
	const SERVER = '2026-11-23T02:00:10Z'
	const asked = vi.fn(() => observeNow(SERVER))
	const stop = watchClock(asked)
	vi.advanceTimersByTime(10_000)
	expect(asked).not.toHaveBeenCalled()
	vi.setSystemTime(Date.now() + 3_600_000)
	vi.advanceTimersByTime(2000)
	expect(asked).toHaveBeenCalledTimes(1)
	expect(serverNow()).toBe(Date.parse(SERVER))
	vi.advanceTimersByTime(10_000)
	expect(asked).toHaveBeenCalledTimes(1)
	stop()
	vi.setSystemTime(Date.now() - 3_600_000)
	vi.advanceTimersByTime(10_000)
	expect(asked).toHaveBeenCalledTimes(1)
})
