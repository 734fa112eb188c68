import { expect, test } from 'vitest'
import type { Inbox } from '../api'
import { mailbox, wecomMessages } from './fetching'

const kept = { kind: 'imap', host: 'imap.example.com', port: 143, tls: 'starttls', user: 'a@example.com', folder: null, every_min: 5, old: true, senders: ['@b.cn'], has_secret: true } as unknown as Inbox

test('what the server keeps comes into the form and goes back, but for the secret', () => {
	const form = mailbox(kept)
	const values = form.values(kept)
	expect(values).toMatchObject({ host: 'imap.example.com', port: '143', folder: 'INBOX', password: '' })
	expect(form.settings({ ...values, host: ' imap.example.com ' })).toMatchObject({ host: 'imap.example.com', port: 143, every_min: 5, senders: ['@b.cn'], password: undefined })
})

test('mails that wait for a better line are told of', () => {
	expect(mailbox(kept).state({ ...kept, ok_at: '2026-11-23T01:00:00Z', taken: 3, left: 2 })).toContain('At 2 more mails')
	expect(mailbox(kept).state({ ...kept, ok_at: '2026-11-23T01:00:00Z', taken: 3, left: 0 })).not.toContain('breaks off')
})

test('the port follows the mode, unless another one was entered', () => {
	const { follow, values } = mailbox(null)
	const fresh = values(null)
	expect(follow!(fresh, { ...fresh, tls: 'none' }).port).toBe('143')
	expect(follow!({ ...fresh, port: '1993' }, { ...fresh, port: '1993', tls: 'none' }).port).toBe('1993')
	expect(follow!({ ...fresh, tls: 'none', port: '143' }, { ...fresh, port: '143', tls: 'tls' }).port).toBe('993')
})

test('微信客服 starts with the CorpID of the callback and keeps an allowed host it does not show', () => {
	const form = wecomMessages(null, 'wx1')
	expect(form.settings({ ...form.values(null), allowed_host: 'proxy' })).toEqual({ kind: 'wecom_kf', corpid: 'wx1', password: undefined, server: undefined, allowed_host: 'proxy' })
})
