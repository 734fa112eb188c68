/* Notifications on this device belong to one person and end with the session: the next person at it must not read what the one before is
 * told. */
import { request } from '@/api/http'
import type { Id } from '@/api/types'

const PATIENCE_MS = 3000
const WHOSE = 'tenon.push'

/** Who switched them on here; null: nobody. */
export const setPushOf = (user: Id | null): void => (user ? localStorage.setItem(WHOSE, user) : localStorage.removeItem(WHOSE))

const subscription = async () => (await navigator.serviceWorker?.getRegistration('/'))?.pushManager?.getSubscription()

/** Of the server and of the browser, each even if the other cannot be reached: an address that is gone is dropped by the server when it
 * sends there next. */
export async function withdrawPush(): Promise<void> {
	setPushOf(null)
	const here = await subscription()
	if (!here) return
	const told = request('POST', '/me/push/remove', { body: { endpoint: here.endpoint }, anonymous: true })
	const both = Promise.allSettled([told, here.unsubscribe()])
	await Promise.race([both, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))])
}

/** Somebody else signed in after a session that ended by itself. */
export async function endPushOfOthers(user: Id): Promise<void> {
	const whose = localStorage.getItem(WHOSE)
	if (!whose || whose === user) return
	await (await subscription())?.unsubscribe()
	setPushOf(null)
}
