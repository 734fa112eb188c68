import { describe, expect, it } from 'vitest'
import recordsEn from '@/records/en'
import recordsZh from '@/records/zh'
import leadEn from '@/leads/record/en'
import leadZh from '@/leads/record/zh'
import source from '../../../src/record/write.c?raw'
import { WRITES } from './records'

describe('the history of a record', () => {
	it('knows the words that the server writes down, and says each', () => {
		const names = [...(/kind_names\[\] = \{(.*?)\}/s.exec(source)?.[1] ?? '').matchAll(/"(\w+)"/g)].map((m) => m[1])
		expect(names).toEqual([...WRITES])
		for (const name of names) {
			for (const words of [recordsZh, recordsEn]) expect(words).toHaveProperty(`kind_${name}`)
			for (const words of [leadZh, leadEn]) expect(words).toHaveProperty(`act_${name}`)
		}
	})
})
