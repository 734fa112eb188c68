import { beforeEach, describe, expect, it } from 'vitest'
import { dismiss, toast, toasts } from './toast'

beforeEach(() => [...toasts].forEach(({ id }) => dismiss(id)))

describe('toast', () => {
	it('says the same once, and keeps what can be acted upon', () => {
		toast('已保存在本机')
		toast('已保存在本机')
		toast('已保存在本机', { detail: '云帆' })
		expect(toasts.map(({ title, detail }) => [title, detail])).toEqual([['已保存在本机', undefined], ['已保存在本机', '云帆']])
		const action = { label: '撤销', run: () => undefined }
		toast('已保存', { action })
		toast('已保存', { action })
		expect(toasts.filter(({ title }) => title === '已保存')).toHaveLength(2)
	})
})
