import { expect, test } from 'vitest'
import { size } from './size'

test('bytes are told in the unit that fits', () => {
	expect([0, 999, 1024, 1536, 250_000, 5 * 1024 * 1024, 2 * 1024 ** 3, 3 * 1024 ** 4].map(size)).toEqual(
		['0 B', '999 B', '1.0 KB', '1.5 KB', '244 KB', '5.0 MB', '2.0 GB', '3.0 TB'])
})
