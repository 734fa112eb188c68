import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/http'
import type { FieldDef } from '@/api/types'
import { setLang } from '@/i18n/i18n'
import FieldLine from './FieldLine.vue'

vi.mock('@/session/session', () => ({ me: () => ({ id: 'me' }), session: { boot: {}, kept: false }, personName: () => '', teamName: () => '', sourceName: () => '', poolName: () => '' }))

enableAutoUnmount(afterEach)
beforeEach(() => {
	setLang('zh')
	localStorage.clear()
})

const FIELD = { name: 'message', type: 'long_text', label: { zh: '留言', en: 'Message' } } as unknown as FieldDef
const show = (value: string, save = vi.fn(async (): Promise<Problem | undefined> => undefined), keep = 'field.1.message') =>
	mount(FieldLine, { props: { field: FIELD, value, shown: value, editable: true, save, keep } })

async function typed(value: string, text: string, save?: Parameters<typeof show>[1]) {
	const line = show(value, save)
	await line.get('.fline-open').trigger('click')
	await line.get('textarea').setValue(text)
	return line
}

describe('FieldLine', () => {
	it('brings back what was typed when the page was closed, in an open editor that says so', async () => {
		(await typed('旧', '改到一半')).unmount()
		const line = show('旧')
		await vi.waitFor(() => expect((line.get('textarea').element as HTMLTextAreaElement).value).toBe('改到一半'))
		expect(line.get('.fline-kept').text()).toBe('这是您上次没有保存的内容。')
	})

	it('says what the field was changed to meanwhile, so that nobody overwrites it unknowing', async () => {
		(await typed('旧', '改到一半')).unmount()
		const line = show('别人改的')
		await vi.waitFor(() => expect(line.get('.fline-kept').text()).toContain('别人改的'))
	})

	it('is quiet when the field has that value by now', async () => {
		(await typed('旧', '一样')).unmount()
		expect(show('一样').find('textarea').exists()).toBe(false)
		expect(localStorage.length).toBe(0)
	})

	it('drops it once it is saved', async () => {
		const save = vi.fn(async () => undefined)
		const line = await typed('旧', '新', save)
		await line.get('form').trigger('submit')
		await vi.waitFor(() => expect(line.find('textarea').exists()).toBe(false))
		expect(save).toHaveBeenCalledWith('新')
		line.unmount()
		expect(localStorage.length).toBe(0)
	})

	it('drops it when it is given up', async () => {
		const line = await typed('旧', '新')
		await line.get('form').trigger('keydown', { key: 'Escape' })
		line.unmount()
		expect(localStorage.length).toBe(0)
	})

	it('keeps it, and the editor open, while the server refuses it', async () => {
		const line = await typed('旧', '新', vi.fn(async () => new Problem(409, 'protected', '这条线索由张敏负责。')))
		await line.get('form').trigger('submit')
		await vi.waitFor(() => expect(line.text()).toContain('由张敏负责'))
		expect(line.find('textarea').exists()).toBe(true)
		line.unmount()
		expect(localStorage.length).toBe(1)
	})

	it('keeps nothing that is as it was, nor where nobody asked for it', async () => {
		(await typed('旧', '旧')).unmount()
		const line = show('旧', undefined, '')
		await line.get('.fline-open').trigger('click')
		await line.get('textarea').setValue('新')
		line.unmount()
		expect(localStorage.length).toBe(0)
	})
})
