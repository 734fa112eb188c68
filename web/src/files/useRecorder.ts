/* Records a voice note: at most two minutes, the time shown while it runs, the microphone let go as soon as it ends. */
import { computed, onScopeDispose, ref } from 'vue'
import { t } from './text'

export const VOICE_MS_MAX = 120_000
const TICK_MS = 200
/** Enough for a voice: two minutes are half a megabyte. */
const BITS_PER_SECOND = 32_000
const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']

const ENDINGS: Record<string, string> = { 'audio/mp4': '.m4a', 'audio/ogg': '.ogg' }
export const endingOf = (type: string) => ENDINGS[type.split(';')[0]!] ?? '.webm'

function whyNot(problem: unknown): string {
	if (!window.isSecureContext) return t('microphoneInsecure')
	return problem instanceof DOMException && problem.name === 'NotAllowedError' ? t('microphoneDenied') : t('noMicrophone')
}

export function useRecorder(done: (voice: Blob) => void) {
	const elapsed = ref(0)
	const recording = ref(false)
	const error = ref('')
	let recorder: MediaRecorder | null = null
	let stream: MediaStream | null = null
	let timer: ReturnType<typeof setInterval> | undefined
	let pieces: Blob[] = []
	let wanted = false
	let whenOver: (() => void)[] = []

	function letGo(): void {
		clearInterval(timer)
		stream?.getTracks().forEach((track) => track.stop())
		recorder = stream = null
		recording.value = false
		whenOver.forEach((tell) => tell())
		whenOver = []
	}

	function ended(type: string): void {
		const voice = new Blob(pieces, { type })
		if (wanted && voice.size > 0) done(voice)
		letGo()
	}

	function stop(keep = true): void {
		wanted = keep
		if (recorder?.state === 'recording') recorder.stop()
		else letGo()
	}

	/** Until what was being said is there. */
	const over = (): Promise<void> => (recording.value ? new Promise((tell) => whenOver.push(tell)) : Promise.resolve())

	async function start(): Promise<void> {
		if (recording.value) return
		error.value = ''
		try {
			stream = await navigator.mediaDevices.getUserMedia({ audio: true })
			const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type))
			const own = (recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_SECOND }))
			pieces = []
			own.ondataavailable = (event) => pieces.push(event.data)
			own.onstop = () => ended(own.mimeType)
			own.start()
		} catch (problem) {
			letGo()
			error.value = whyNot(problem)
			return
		}
		const began = performance.now()
		elapsed.value = 0
		recording.value = true
		timer = setInterval(() => {
			elapsed.value = performance.now() - began
			if (elapsed.value >= VOICE_MS_MAX) stop()
		}, TICK_MS)
	}

	// What was stopped to be kept still arrives.
	onScopeDispose(() => recorder?.state === 'recording' && stop(false))
	return { elapsed, left: computed(() => Math.max(0, VOICE_MS_MAX - elapsed.value)), recording, error, start, stop, over }
}
