import { expect, it } from 'vitest'
import { captureUrl, curlExample, embedCode } from './connect'

it('makes addresses without double slashes and with safe keys', () => {
	expect(captureUrl('https://crm.example.com/', 'web')).toBe('https://crm.example.com/capture/web')
	expect(captureUrl('https://crm.example.com', 'a b/c')).toBe('https://crm.example.com/capture/a%20b%2Fc')
})

it('makes an embed code that names source and language', () => {
	const code = embedCode('https://crm.example.com/', 'web', 'en')
	expect(code).toContain('src="https://crm.example.com/widget.js"')
	expect(code).toContain('data-source="web"')
	expect(code).toContain('data-lang="en"')
})

it('makes a curl call whose body is JSON', () => {
	const body = /-d '(.*)'$/s.exec(curlExample('http://x/capture/web', 'zh'))?.[1]
	expect(JSON.parse(body!)).toMatchObject({ phone: '13800138000' })
	expect(curlExample('http://x/capture/web', 'en')).not.toMatch(/\p{Script=Han}/u)
})
