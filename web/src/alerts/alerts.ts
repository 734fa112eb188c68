/* Alerts of the person: the list, the unread count, and how a new one makes itself noticed. */
import { computed, ref, shallowRef } from 'vue'
import { getAlerts, readAlerts } from '@/api/leads'
import type { Alert, Id } from '@/api/types'
import { live, onLive } from '@/live/live'
import { boot, session } from '@/session/session'
import { toast } from '@/ui/toast'

const SOUND = 'tenon.sound'
const NOTIFY = 'tenon.notify'
const FETCH_AFTER_MS = 150

export const alerts = shallowRef<Alert[]>([])
export const error = shallowRef<unknown>(null)
export const soundOn = ref(localStorage.getItem(SOUND) !== 'off')
export const notifyOn = ref(localStorage.getItem(NOTIFY) === 'on' && 'Notification' in window && Notification.permission === 'granted')

const count = ref<number | null>(null)
export const unread = computed(() => count.value ?? session.boot?.alerts_unread ?? 0)

let open: (alert: Alert) => void = () => undefined
let known = new Map<Id, number>()
let timer: ReturnType<typeof setTimeout> | undefined

const beep = () => import('./sound').then((sound) => sound.beep(), () => undefined)

/** Fetches the list; what is new since the last time is announced. */
async function fetchAlerts(announce: boolean): Promise<void> {
	try {
		const answer = await getAlerts()
		error.value = null
		const fresh = answer.items.filter((alert) => !alert.read_at && (known.get(alert.id) ?? 0) < alert.count)
		known = new Map(answer.items.map((alert) => [alert.id, alert.count]))
		alerts.value = answer.items
		count.value = answer.unread
		if (announce && fresh.length > 0) await announceAll(fresh.slice(0, 3))
		if (announce && fresh.some((alert) => alert.urgent) && soundOn.value && live.leader) void beep()
	} catch (problem) {
		error.value = problem
	}
}

export const loadAlerts = () => fetchAlerts(false)

/** The words come when there is something to say: the first screen does without them. */
async function announceAll(fresh: Alert[]): Promise<void> {
	const { alertTitle, alertDetail } = await import('./words')
	for (const alert of fresh) show(alert, alertTitle(alert), alertDetail(alert))
}

function show(alert: Alert, title: string, detail: string): void {
	if (document.hidden) {
		if (live.leader && alert.urgent && notifyOn.value) notify(alert, title, detail)
		return
	}
	toast(title, { tone: 'alert', detail, action: alert.record ? { label: alertAction(), run: () => open(alert) } : undefined })
}

let alertAction: () => string = () => ''

function notify(alert: Alert, title: string, body: string): void {
	const shown = new Notification(title, { body, tag: alert.id })
	shown.onclick = () => {
		window.focus()
		open(alert)
		shown.close()
	}
}

/** Started once by the shell; says how an alert is opened. Returns how to stop. */
export function startAlerts(openAlert: (alert: Alert) => void, actionLabel: () => string): () => void {
	open = openAlert
	alertAction = actionLabel
	count.value = boot().alerts_unread
	void fetchAlerts(false)
	return onLive((message) => {
		if (message.kind !== 'alert') return
		clearTimeout(timer)
		timer = setTimeout(() => void fetchAlerts(true), FETCH_AFTER_MS)
	})
}

export async function markRead(which: { ids: Id[] } | { all: true }): Promise<void> {
	const now = new Date().toISOString()
	const hit = (alert: Alert) => 'all' in which || which.ids.includes(alert.id)
	alerts.value = alerts.value.map((alert) => (hit(alert) && !alert.read_at ? { ...alert, read_at: now } : alert))
	count.value = 'all' in which ? 0 : alerts.value.filter((alert) => !alert.read_at).length
	await readAlerts(which).catch(() => fetchAlerts(false))
}

export function setSound(on: boolean): void {
	soundOn.value = on
	localStorage.setItem(SOUND, on ? 'on' : 'off')
	if (on) void beep()
}

/** Asks the browser for permission; false when it refuses. */
export async function setNotify(on: boolean): Promise<boolean> {
	const granted = on && 'Notification' in window && (await Notification.requestPermission()) === 'granted'
	notifyOn.value = granted
	localStorage.setItem(NOTIFY, granted ? 'on' : 'off')
	return granted === on
}
