import { expect, test } from 'vitest'
import { base64 } from './useImport'

test('bytes become base64, also more than a call can take', () => {
	expect(base64(new Uint8Array([228, 184, 173]))).toBe('5Lit')
	const many = new Uint8Array(100_000).fill(65)
	expect(atob(base64(many))).toBe('A'.repeat(100_000))
})
