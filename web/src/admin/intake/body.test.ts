import { describe, expect, it } from 'vitest'
import { formToJson, jsonFault, looksLikeJson, pretty } from './body'

describe('body', () => {
	it('indents JSON and leaves a broken body exactly as it came', () => {
		expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
		expect(pretty('{"a":1,}')).toBe('{"a":1,}')
	})

	it('says what is wrong', () => {
		expect(jsonFault('{"a":1}')).toBeUndefined()
		expect(jsonFault('{"a":')).toBeTruthy()
	})

	it('turns form pairs into JSON', () => {
		expect(JSON.parse(formToJson('name=%E7%8E%8B&phone=138+0013'))).toEqual({ name: '王', phone: '138 0013' })
	})

	it('knows JSON by its type or its first character', () => {
		expect(looksLikeJson('application/json', '')).toBe(true)
		expect(looksLikeJson(null, ' {')).toBe(true)
		expect(looksLikeJson('application/x-www-form-urlencoded', 'a=b')).toBe(false)
	})
})
