import { describe, expect, it } from 'vitest'
import type { Service } from './api'
import { fieldsOf, formOf, percent } from './form'

const channel = { id: 'c1', kind: 'channel', name: '短信', address: 'https://sms.example.com', affects: { channels: ['c2'] }, sla: 9995, every_s: 30, slow_ms: 500, enabled: true, owner: { id: 'p1', name: '王' }, expires_at: '2026-12-31T15:59:59.000Z' } as unknown as Service

describe('the form of a service', () => {
	it('shows hundredths of a percent as percent and back', () => {
		expect(percent(9990)).toBe('99.9')
		expect(percent(null)).toBe('')
		expect(fieldsOf({ ...formOf(null), kind: 'http', sla: '99.95' }, [], []).sla).toBe(9995)
	})

	it('leaves name and address of a channel to the channel', () => {
		const fields = fieldsOf(formOf(channel), ['s1'], ['c2', 'c3'])
		expect(fields.name).toBeUndefined()
		expect(fields.address).toBeUndefined()
		expect(fields).toMatchObject({ sla: 9995, every_s: 30, owner: 'p1', expires_at: '2026-12-31T15:59:59.000Z', affects: { sources: [], channels: ['c2'] } })
	})

	it('lets a date end with its day', () => {
		const fields = fieldsOf({ ...formOf(null), kind: 'http', expires: '2027-03-01' }, [], [])
		expect(new Date(fields.expires_at!).getHours()).toBe(23)
		expect(fieldsOf({ ...formOf(null), kind: 'http' }, [], []).expires_at).toBe('')
	})
})
