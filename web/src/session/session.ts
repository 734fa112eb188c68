/* Who is signed in, what they may do, and the short lists every screen needs (people, teams, sources, pools). */
import { computed, shallowReactive, shallowReadonly, watch } from 'vue'
import { onExpired, patch, post, Problem, request } from '@/api/http'
import type { Boot, Id, User } from '@/api/types'
import { setLang, type Lang } from '@/i18n/i18n'
import { observeNow, watchClock } from '@/live/clock'
import { live, onLive, resync, startLive, stopLive } from '@/live/live'
import { keptUser, offline, remembered, setKeptUser, shownAt } from '@/offline/state'
import { dropWish, makeWish, tellWish, wishOf } from './language'

/** `kept`: there is no line, the boot is the last one that was seen here. */
type State = { boot: Boot | null; kept: boolean; expired: boolean; mustChange: boolean }

// Shallow: the boot comes as a whole and is never changed in its parts.
const state = shallowReactive<State>({ boot: null, kept: false, expired: false, mustChange: false })
export const session: Readonly<State> = shallowReadonly(state)

let renewed: ((ok: boolean) => void)[] = []
let reload: ReturnType<typeof setTimeout> | undefined
let unhear: (() => void) | undefined
let unwatch: (() => void) | undefined

/** The boot of somebody who is signed in; routes that need it are guarded. */
export function boot(): Boot {
	if (!state.boot) throw new Error('no session')
	return state.boot
}

export const me = (): User => boot().user
export const may = (right: string): boolean => state.boot?.rights.includes(right) ?? false

// Long lists ask for names once a row.
const names = computed(() => {
	const { people = [], teams = [], sources = [], pools = [], codes = [] } = state.boot ?? {}
	return new Map([people, teams, sources, pools, codes].flat().map(({ id, name }) => [id, name]))
})
const nameOf = (id: Id | null | undefined) => (id && names.value.get(id)) || ''
export { nameOf as personName, nameOf as teamName, nameOf as sourceName, nameOf as poolName, nameOf as codeName }

async function fetchBoot(): Promise<Boot> {
	const boot = await request<Boot>('GET', '/boot', { anonymous: true })
	observeNow(boot.now)
	return boot
}

/** The short lists changed on the server: fetch them again, once for many changes. */
function refreshSoon(): void {
	clearTimeout(reload)
	reload = setTimeout(() => void reloadBoot().catch(() => undefined), 800)
}

const IN_BOOT = new Set(['user', 'team', 'source', 'pool'])

const LEFT = 'tenon.left'

/** Signed out without a line: the server hears of it before anything else. */
async function leaveFirst(): Promise<void> {
	if (!localStorage.getItem(LEFT)) return
	await request('DELETE', '/sessions/current', { anonymous: true }).catch((problem) => {
		if (!(problem instanceof Problem && problem.status === 401)) throw problem
	})
	localStorage.removeItem(LEFT)
}

/** Loads the session if there is one. True when somebody is signed in. */
export async function loadSession(): Promise<boolean> {
	if (state.boot) return true
	try {
		await leaveFirst()
		const { value: boot, at, now } = keptUser() ? await remembered('boot', fetchBoot) : { value: await fetchBoot(), at: null }
		state.boot = boot
		state.kept = at !== null
		if (at !== null) shownAt.value = at
		if (now) observeNow(new Date(now).toISOString())
		state.mustChange = boot.user.must_change_password ?? false
		speak(boot.user)
		startLive(boot.live_seq, askAgain)
		unwatch?.()
		unwatch = watchClock(() => void reloadBoot().catch(() => undefined))
		unhear?.()
		unhear = onLive((m) => {
			if (m.object && IN_BOOT.has(m.object) && m.kind.startsWith('record.')) refreshSoon()
			if (m.kind === 'setup.done') refreshSoon()
		})
		return true
	} catch (error) {
		if (!(error instanceof Problem && error.status === 401)) throw error
		// The session is over: from now on nothing is shown here without signing in.
		setKeptUser(null)
		return false
	}
}

/** Absent: no new leads; those not yet contacted move on at once. */
export async function markAbsent(absent: boolean): Promise<void> {
	await patch('/me', { absent })
	await reloadBoot()
}

export async function reloadBoot(): Promise<void> {
	const boot = await fetchBoot()
	const before = state.boot?.user
	if (before && boot.user.id !== before.id) return giveWay()
	state.boot = boot
	if (before && (boot.user.role !== before.role || boot.user.team !== before.team)) resync()
	state.kept = false
}

export async function signIn(login: string, password: string): Promise<void> {
	await request('POST', '/sessions', { body: { login, password }, anonymous: true })
	localStorage.removeItem(LEFT)
	state.boot = null
	if (await loadSession()) tellTabs({ user: me().id })
}

/** The session ended while somebody was working: the screen stays, only the password is asked for. */
function askAgain(): void {
	if (state.boot) state.expired = true
}

onExpired(
	() =>
		new Promise((resolve) => {
			if (!state.boot) return resolve(false)
			renewed.push(resolve)
			askAgain()
		}),
)

function settle(ok: boolean): void {
	state.expired = false
	const waiting = renewed
	renewed = []
	waiting.forEach((resolve) => resolve(ok))
}

/** Signs the same person in again and lets the requests that waited go on. */
export async function signInAgain(password: string): Promise<void> {
	await request('POST', '/sessions', { body: { login: me().login, password }, anonymous: true })
	settle(true)
	tellTabs({ user: me().id })
	await reloadBoot()
}

const DRAFTS = 'tenon.draft.'

/** Texts that were begun and neither saved nor sent, as the browser keeps them under the person's name. */
export const begunTexts = (): string[] => Object.keys(localStorage).filter((key) => key.startsWith(`${DRAFTS}${me().id}.`))

/** Nothing of this person stays on the device. */
async function forgetMe(): Promise<void> {
	begunTexts().forEach((key) => localStorage.removeItem(key))
	dropWish()
	setKeptUser(null)
	const user = me().id
	await offline().then((it) => it.forget(user)).catch(() => undefined)
}

export async function signOut(): Promise<void> {
	if (state.boot) await forgetMe()
	await request('DELETE', '/sessions/current', { anonymous: true }).catch((problem) => {
		if (problem instanceof Problem && problem.offline) localStorage.setItem(LEFT, '1')
	})
	leave()
	tellTabs({ user: null })
}

function leave(): void {
	stopLive()
	state.boot = null
	settle(false)
	location.assign('/sign-in')
}

/** All tabs of a browser have one session: whose it is now. */
interface Turn {
	user: Id | null
}

const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tenon.session')
const tellTabs = (turn: Turn) => channel?.postMessage(turn)

/** Somebody else signed in: what stands here is not for their eyes, and no click here is to be theirs. What was typed is kept for its writer. */
function giveWay(): void {
	stopLive()
	location.assign('/')
}

channel?.addEventListener('message', ({ data }: MessageEvent<Turn>) => {
	if (!state.boot) return
	if (!data.user) leave()
	else if (data.user !== me().id) giveWay()
	else if (state.expired) {
		settle(true)
		void reloadBoot().catch(() => undefined)
	}
})

export async function changePassword(old: string, next: string): Promise<void> {
	await post('/me/password', { old, new: next })
	state.mustChange = false
}

/** Told to the server; the last boot that is kept here then knows it too. */
async function tellLang(): Promise<void> {
	if (!state.boot) return
	const { id } = me()
	const language = await tellWish(id)
	if (language && state.boot?.user.id === id) state.boot = { ...state.boot, user: { ...state.boot.user, language } }
}

/** What was chosen last, here or on another machine. */
function speak({ id, language }: User): void {
	const wished = wishOf(id)
	if (wished ?? language) setLang((wished ?? language)!)
}

watch(() => live.state, (now) => now === 'live' && void tellLang())

/** The language follows the person to other machines; the screen does not wait for it. */
export function chooseLang(next: Lang): void {
	setLang(next)
	if (!state.boot) return
	makeWish(me().id, next)
	void tellLang()
}

