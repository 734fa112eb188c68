/* While an input method puts a word together, Enter, Escape and the arrows are its own: Enter takes the word, it does not send; Escape drops
 * the word, it does not close. Seen before any other listener, so that no field has to think of it. */
const COMPOSING = 229 // what browsers call a key that went to the input method; Safari says so also for the Enter that ends it

export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === COMPOSING

export function leaveKeysToInput(target: EventTarget): void {
	target.addEventListener('keydown', (event) => isComposing(event as KeyboardEvent) && event.stopImmediatePropagation(), { capture: true })
}
