import { expect, it } from 'vitest'
import { useAttempt } from './attempt'

it('is busy while it runs, keeps what was thrown until the next try, and never throws itself', async () => {
	const { busy, error, attempt } = useAttempt()
	const failing = attempt(() => Promise.reject(new Error('no')))
	expect(busy.value).toBe(true)
	await failing
	expect([busy.value, (error.value as Error).message]).toEqual([false, 'no'])

	let go = () => {}
	const running = attempt(() => new Promise<void>((done) => (go = done)))
	expect([busy.value, error.value]).toEqual([true, null])
	go()
	await running
	expect([busy.value, error.value]).toEqual([false, null])
})
