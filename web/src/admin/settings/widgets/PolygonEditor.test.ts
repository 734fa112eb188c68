import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import PolygonEditor from './PolygonEditor.vue'

vi.mock('@/api/http', () => ({ post: async () => ({}) }))
vi.mock('../fence/FenceEditor.vue', () => new Promise(() => undefined)) // a slow line: the canvas never comes

it('takes what is pasted before the canvas is loaded', async () => {
	vi.useFakeTimers()
	const square = { type: 'Polygon', coordinates: [[[121, 31], [122, 31], [122, 32], [121, 31]]] }
	const errorHandler = vi.fn()
	const form = mount(PolygonEditor, { props: { modelValue: null }, global: { config: { errorHandler } } })
	await vi.advanceTimersByTimeAsync(200)
	await form.get('textarea').setValue(JSON.stringify(square))
	expect(form.emitted('update:modelValue')?.at(-1)).toEqual([square])
	expect(errorHandler).not.toHaveBeenCalled()
	vi.useRealTimers()
})
