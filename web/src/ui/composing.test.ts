// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { leaveKeysToInput } from './composing'

describe('keys of an input method', () => {
	it('reach nobody; the same keys without one do', () => {
		leaveKeysToInput(window)
		const field = document.body.appendChild(document.createElement('input'))
		const heard: string[] = []
		for (const on of [field, document, window]) on.addEventListener('keydown', (event) => heard.push((event as KeyboardEvent).key))
		const press = (more: KeyboardEventInit) => field.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...more }))
		press({ key: 'Enter', isComposing: true })
		press({ key: 'Escape', isComposing: true })
		press({ key: 'Enter', keyCode: 229 })
		expect(heard).toEqual([])
		press({ key: 'Enter', keyCode: 13 })
		expect(heard).toEqual(['Enter', 'Enter', 'Enter'])
	})
})
