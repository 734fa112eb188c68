import { expect, it } from 'vitest'
import { bytesOf, deviceName } from './device'

it('reads the key of the server', () => {
	expect([...bytesOf('BP4z9KsN-_8')]).toEqual([4, 254, 51, 244, 171, 13, 251, 255])
})

it('tells devices apart', () => {
	expect(deviceName('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0')).toBe('Edge · Windows')
	expect(deviceName('Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36')).toBe('Chrome · Android')
	expect(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1')).toBe('Safari · iOS')
	expect(deviceName('x')).toBe('')
})
