/* One import on its way: file in pieces, look, dry run, run. The server does the work; this follows it. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import { useLive } from '@/live/live'
import type { Id } from '@/api/types'
import { useAttempt } from '@/ui/attempt'
import { cancelImport, checkImport, getImport, lookAt, newImport, runImport, sendPiece, type Import, type ImportWay, type Look } from './api'

const PIECE = 1 << 20
const POLL_MS = 700

/** Bytes as base64, in slices that the call stack can take. */
export function base64(bytes: Uint8Array): string {
	let text = ''
	for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
	return btoa(text)
}

export function useImport() {
	const now = shallowRef<Import | null>(null)
	const look = shallowRef<Look | null>(null)
	const fields = ref<string[]>([])
	const way = ref<ImportWay>('pool')
	const pool = ref<Id | null>(null)
	const sent = ref(0)
	const { busy, error, attempt } = useAttempt()
	let timer = 0

	async function refresh(): Promise<void> {
		if (!now.value) return
		now.value = await getImport(now.value.id).catch(() => now.value)
	}

	/** Asks until the server is through with this step. */
	function follow(): void {
		clearTimeout(timer)
		timer = window.setTimeout(async () => {
			await refresh()
			if (now.value && ['checking', 'running'].includes(now.value.state)) follow()
		}, POLL_MS)
	}

	const upload = (file: File, source: Id) => attempt(async () => {
		sent.value = 0
		const made = await newImport(file.name, source)
		for (let at = 0; at < file.size; at += PIECE) {
			await sendPiece(made.id, at, base64(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer())))
			sent.value = Math.min(1, (at + PIECE) / file.size)
		}
		now.value = made
		look.value = await lookAt(made.id)
		fields.value = look.value.columns.map((column) => column.guess)
	})

	const check = () => attempt(async () => {
		now.value = await checkImport(now.value!.id, fields.value, way.value, pool.value)
		follow()
	})

	const run = () => attempt(async () => {
		now.value = await runImport(now.value!.id)
		follow()
	})

	const cancel = () => attempt(async () => {
		if (now.value) now.value = await cancelImport(now.value.id)
	})

	const open = (id: Id) => attempt(async () => {
		now.value = await getImport(id)
		look.value = null
		follow()
		if (!['new', 'checked'].includes(now.value.state)) return
		look.value = await lookAt(id)
		fields.value = look.value.columns.map((column) => column.guess)
	})

	function leave(): void {
		now.value = null
		look.value = null
		error.value = null
		clearTimeout(timer)
	}

	useLive((message) => {
		if (message.kind === 'import.progress' && message.record === now.value?.id) void refresh()
	})
	onScopeDispose(() => clearTimeout(timer))
	return { now, look, fields, way, pool, sent, busy, error, upload, check, run, cancel, open, leave }
}
