/* What is kept on this device, for those who put in and send: one box a browser, told to its tabs. */
import { session, me } from '@/session/session'
import { openBox, type Box } from './box'
import { memoryBox } from './memory'
import { unsent } from './state'

export const opening: Promise<Box & { fleeting?: boolean }> = openBox().catch(() => memoryBox())
const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tenon.unsent')

export const onChanged = (hear: () => void): void => channel?.addEventListener('message', hear)

/** Without the proxies of a form, which the browser cannot keep. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

export async function refresh(): Promise<void> {
	unsent.value = session.boot ? await (await opening).drafts(me().id) : []
}

/** Tells the other tabs too. */
export async function changed(): Promise<void> {
	await refresh()
	channel?.postMessage('changed')
}

/** A lock decides which tab sends. */
export const locked = <T>(name: string, run: () => Promise<T>): Promise<T> => (navigator.locks ? navigator.locks.request(name, run) : run())
