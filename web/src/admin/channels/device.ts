/* Notifications on this device: what the browser can, what it was asked, and telling the server. */
import { setPushOf } from '@/offline/push'
import { me } from '@/session/session'
import { getPush, postPush, removePush } from './api'

export type Able = 'yes' | 'unsupported' | 'blocked' | 'no_channel'

export const supported = () => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

/** Base64url as the subscription wants it. */
export function bytesOf(key: string): Uint8Array<ArrayBuffer> {
	const text = atob(key.replace(/-/g, '+').replace(/_/g, '/'))
	return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

async function subscription(): Promise<PushSubscription | null> {
	const worker = await navigator.serviceWorker.getRegistration('/')
	return (await worker?.pushManager.getSubscription()) ?? null
}

/** Whether it may be switched on, and whether it is. */
export async function deviceState(): Promise<{ able: Able; on: boolean; key: string | null }> {
	if (!supported()) return { able: 'unsupported', on: false, key: null }
	const mine = await getPush()
	const here = await subscription()
	const on = here !== null && mine.devices.some((d) => d.endpoint === here.endpoint)
	if (!mine.key) return { able: 'no_channel', on, key: null }
	return { able: Notification.permission === 'denied' ? 'blocked' : 'yes', on, key: mine.key }
}

/** The person's answer counts: false when it was no. */
export async function switchOn(key: string, device: string): Promise<boolean> {
	if ((await Notification.requestPermission()) !== 'granted') return false
	// As everywhere: registered in another way it would be fetched anew.
	await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' })
	const worker = await navigator.serviceWorker.ready
	const old = await worker.pushManager.getSubscription()
	if (old) await old.unsubscribe() // it may be of another key
	setPushOf(me().id)
	const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) })
	const { endpoint, keys } = made.toJSON()
	await postPush({ endpoint: endpoint ?? '', p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '', device })
	return true
}

export async function switchOff(): Promise<void> {
	const here = await subscription()
	if (!here) return
	await removePush(here.endpoint)
	await here.unsubscribe()
	setPushOf(null)
}

/** "Chrome · Windows" is enough to tell one's devices apart. */
export function deviceName(agent: string): string {
	const browser = /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : ''
	const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Windows/.test(agent) ? 'Windows' : /Mac OS/.test(agent) ? 'macOS' : /Linux/.test(agent) ? 'Linux' : ''
	return [browser, system].filter(Boolean).join(' · ')
}
