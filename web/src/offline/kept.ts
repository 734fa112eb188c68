/* What is kept on this device, for those who put in and send: one box a browser, told to its tabs. */
import { session, me } from '@/session/session'
import { openBox, type Box } from './box'
import { memoryBox } from './memory'
import { isFile, type Draft } from './draft'
import { begun, takeRelease, unsent } from './state'

let outdated = false

/** A later release has taken over what is kept here: it sends from now on, and this page only says so. */
export const isOutdated = (): boolean => outdated

/** What waits is the other page's from now on. */
function over(): void {
	outdated = true
	unsent.value = []
	takeRelease.value ??= () => location.reload()
}

export const opening: Promise<Box & { fleeting?: boolean }> = openBox(over).catch(() => memoryBox())
const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tenon.unsent')

export const onChanged = (hear: () => void): void => channel?.addEventListener('message', hear)

/** Without the proxies of a form, which the browser cannot keep. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const isBegun = (draft: Draft) => draft.state === 'begun'

export async function refresh(): Promise<void> {
	if (outdated) return
	const all = session.boot ? await (await opening).drafts(me().id) : []
	unsent.value = all.filter((draft) => !isBegun(draft))
	begun.value = all.filter(isFile).filter(isBegun)
}

/** Tells the other tabs too. */
export async function changed(): Promise<void> {
	await refresh()
	channel?.postMessage('changed')
}

/** A lock decides which tab sends. */
export const locked = <T>(name: string, run: () => Promise<T>): Promise<T> => (navigator.locks ? navigator.locks.request(name, run) : run())
