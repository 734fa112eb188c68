import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { setLang } from '@/i18n/i18n'
import type { Draft } from './draft'
import { unsent } from './state'
import UnsentBar from './UnsentBar.vue'

enableAutoUnmount(afterEach)
beforeEach(() => {
	setLang('zh')
	unsent.value = []
	vi.useFakeTimers()
})
afterEach(() => {
	vi.useRealTimers()
	vi.restoreAllMocks()
})

const open = (broken = false) => mount(UnsentBar, { props: { broken } })

const draft = (id: string, more: Partial<Draft> = {}): Draft => ({ id, user: 'me', act: 'edit', object: 'account', record: 'r', title: '云帆', made: 0, lang: 'zh', body: {}, state: 'waiting', ...more })

async function put(...drafts: Draft[]): Promise<void> {
	unsent.value = drafts
	await nextTick()
}

async function pass(ms: number): Promise<void> {
	vi.advanceTimersByTime(ms)
	await nextTick()
}

describe('what waits to be sent', () => {
	it('is not shown while it is on its way for a moment only', async () => {
		const bar = open()
		await put(draft('a'))
		await pass(900)
		expect(bar.find('.conn-act').exists()).toBe(false)
		await put()
		await pass(5000)
		expect(bar.find('.conn-act').exists()).toBe(false)
	})

	it('is shown once it has waited for a second, however the number changes', async () => {
		const bar = open()
		await put(draft('a'))
		await pass(600)
		await put(draft('a'), draft('b'))
		await pass(600)
		expect(bar.get('.conn-act').text()).toContain('2 条')
	})

	it('goes no sooner than one can read it, and never says that nothing waits', async () => {
		const bar = open()
		await put(draft('a'))
		await pass(1000)
		await put()
		await pass(100)
		expect(bar.get('.conn-act').text()).toContain('1 条')
		await pass(700)
		expect(bar.find('.conn-act').exists()).toBe(false)
	})

	it('is shown at once where the line is down, or where something needs the person', async () => {
		const bar = open()
		vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
		await put(draft('a'))
		expect(bar.find('.conn-act').exists()).toBe(true)
		vi.restoreAllMocks()
		bar.unmount()
		await put()
		const told = open(true)
		await put(draft('c'))
		expect(told.find('.conn-act').exists()).toBe(true)
		told.unmount()
		await put()
		const other = open()
		await put(draft('b', { state: 'conflict' }))
		expect(other.get('.conn-stuck').text()).toContain('1 条')
	})
})
