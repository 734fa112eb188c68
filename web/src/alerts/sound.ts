/* Two short tones, made by the browser: no file to load. Silent where the browser does not allow sound yet. */
let audio: AudioContext | undefined

function tone(at: number, hertz: number): void {
	if (!audio) return
	const oscillator = audio.createOscillator()
	const gain = audio.createGain()
	oscillator.frequency.value = hertz
	gain.gain.setValueAtTime(0.0001, at)
	gain.gain.exponentialRampToValueAtTime(0.12, at + 0.02)
	gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.18)
	oscillator.connect(gain).connect(audio.destination)
	oscillator.start(at)
	oscillator.stop(at + 0.2)
}

export function beep(): void {
	if (typeof AudioContext === 'undefined') return
	audio ??= new AudioContext()
	if (audio.state === 'suspended') void audio.resume().catch(() => undefined)
	tone(audio.currentTime, 784)
	tone(audio.currentTime + 0.16, 1047)
}
