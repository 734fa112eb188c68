import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import ShelfAccounts from './ShelfAccounts.vue'

const api = vi.hoisted(() => ({ getAccountShelf: vi.fn(), claimAccount: vi.fn() }))
vi.mock('./api', () => api)

const page = (ids: string[], next: string | null) => ({ pools: [{ id: 'p', name: '公海', claim_limit: 5, next, items: ids.map((id) => ({ id, name: id, reason: null, returned_at: null })) }], cooling_days: 0, stock_max: 0 })

it('shows each customer once however often "more" is pressed, and asks again after a failure', async () => {
	api.getAccountShelf.mockResolvedValueOnce(page(['a'], 'a'))
	const shelf = mount(ShelfAccounts)
	await flushPromises()
	const names = () => shelf.findAll('strong').map((one) => one.text())
	const more = shelf.findAll('button').at(-1)!
	api.getAccountShelf.mockRejectedValueOnce(new Error('no line'))
	vi.spyOn(console, 'error').mockImplementation(() => undefined)
	await more.trigger('click')
	await flushPromises()
	expect(names()).toEqual(['a'])
	api.getAccountShelf.mockResolvedValue(page(['b'], null))
	more.element.click()
	more.element.click()
	await flushPromises()
	await nextTick()
	expect(names()).toEqual(['a', 'b'])
})
