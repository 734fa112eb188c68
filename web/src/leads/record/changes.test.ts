import { describe, expect, it } from 'vitest'
import type { TimelineItem } from '@/api/types'
import { fieldChanges, isTold } from './changes'

const change = (fields: object, kind = 'updated'): TimelineItem => ({ kind: 'change', at: '2026-11-23T01:00:00Z', who: null, data: { kind, fields } })

describe('the timeline', () => {
	it('tells what people changed and leaves the counters out', () => {
		expect(fieldChanges(change({ phone: ['1', '2'], touches: [0, 1], respond_by: [1, 2] }))).toEqual([['phone', '1', '2']])
	})

	it('drops an entry that would say nothing', () => {
		expect(isTold(change({ owner: ['a', 'b'], protected_until: [null, 1] }))).toBe(false)
		expect(isTold(change({ owner: [null, 'b'] }, 'created'))).toBe(true)
	})

	it('survives what it does not know', () => {
		expect(fieldChanges(change({ name: 'no pair' }))).toEqual([])
	})
})
