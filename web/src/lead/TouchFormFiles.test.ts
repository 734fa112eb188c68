import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { setLang } from '@/i18n/i18n'
import TouchForm from './TouchForm.vue'

const KEPT = [{ id: 'file-1' }]
const { bar, sent } = vi.hoisted(() => {
	let load = (): void => undefined
	const loaded = new Promise<void>((done) => (load = done))
	return { bar: { asked: 0, load, loaded }, sent: [] as unknown[] }
})

vi.mock('@/session/session', () => ({ me: () => ({ id: 'me' }), session: { boot: {}, kept: false }, reloadBoot: vi.fn() }))
vi.mock('@/offline/state', () => ({
	takeRelease: null,
	submit: (...what: unknown[]) => {
		sent.push(what)
		return Promise.resolve({ state: 'kept' })
	},
}))
vi.mock('@/files/AttachBar.vue', async () => {
	bar.asked++
	await bar.loaded
	return {
		__esModule: true,
		default: {
			setup(_: unknown, { expose }: { expose: (what: object) => void }) {
				expose({ finish: () => Promise.resolve(KEPT) })
				return () => null
			},
		},
	}
})

it('saved before what holds its files is loaded, a contact takes them along all the same', async () => {
	setLang('zh')
	const form = mount(TouchForm, { props: { lead: 'lead-1', name: '云帆', min: 5 } })
	await form.get('textarea').setValue('电话沟通了需求，下周演示。')
	await form.get('form').trigger('submit')
	await vi.waitFor(() => expect(bar.asked).toBeGreaterThan(0))
	await flushPromises()
	expect(sent).toHaveLength(0)
	bar.load()
	await vi.waitFor(() => expect(sent).toHaveLength(1))
	expect((sent[0] as unknown[])[1]).toBe(KEPT)
	expect(form.emitted('kept')).toHaveLength(1)
})
