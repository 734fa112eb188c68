import { expect, test } from 'vitest'
import { allPlaced, faultOf, mayKeep, type Row } from './fields'

const rows: Row[] = [[{ name: 'host', label: 'Host' }], [{ name: 'every', label: 'Every', fault: 'every_s' }]]
const fault = (field: string) => ({ field, code: 'bad', detail: `${field} is wrong` })

test('a fault stands at its field, by the name the server gives it', () => {
	expect(faultOf(rows[1]![0]!, [fault('every_s')])).toBe('every_s is wrong')
	expect(faultOf(rows[0]![0]!, [fault('every_s')])).toBeUndefined()
})

test('what stands nowhere is said above', () => {
	expect(allPlaced(rows, [fault('host'), fault('every_s')])).toBe(true)
	expect(allPlaced(rows, [fault('host'), fault('elsewhere')])).toBe(false)
	expect(allPlaced(rows, [])).toBe(false)
})

test('what is secret, or is not shown, is not kept on the device', () => {
	const more: Row[] = [...rows, [{ name: 'password', label: 'Password', control: 'secret' }, { name: 'url', label: 'Webhook', secret: true }]]
	expect(['host', 'every', 'password', 'url', 'elsewhere'].filter((name) => mayKeep(more, name))).toEqual(['host', 'every'])
})
