/* Notifications on this device end with the session: the next person at it must not read what the one before is told. */
import { request } from '@/api/http'

const PATIENCE_MS = 3000

/** Of the server and of the browser, each even if the other cannot be reached: an address that is gone is dropped by the server when it
 * sends there next. */
export async function withdrawPush(): Promise<void> {
	const worker = await navigator.serviceWorker?.getRegistration('/')
	const here = await worker?.pushManager?.getSubscription()
	if (!here) return
	const told = request('POST', '/me/push/remove', { body: { endpoint: here.endpoint }, anonymous: true })
	const both = Promise.allSettled([told, here.unsubscribe()])
	await Promise.race([both, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))])
}
