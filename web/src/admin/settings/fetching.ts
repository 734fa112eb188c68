/* The two ways of fetching leads from outside, described: a mailbox by IMAP, and messages of 微信客服. */
import { number } from '@/i18n/values'
import { exact } from '@/i18n/format'
import type { Inbox, InboxTrial } from '../api'
import type { Row, Values } from '../described/fields'
import { t, word } from './text'

export interface Fetching {
	/** Under which what is typed is kept. */
	name: string
	title: string
	hint: string
	rows: readonly Row[]
	/** Of what is kept on the server, or of nothing yet. */
	values: (kept: Inbox | null) => Values
	settings: (values: Values) => object
	/** What a change of one field brings along. */
	follow?: (before: Values, after: Values) => Values
	/** In words; empty says nothing. */
	state: (kept: Inbox) => string
	fine: (trial: InboxTrial) => string
	words: { save: string; trial: string; stop: string; stopped: string; look?: string }
}

const MODES = ['tls', 'starttls', 'none'] as const
const PORTS: Record<string, string> = { tls: '993', starttls: '143', none: '143' }
const text = (values: Values, name: string) => String(values[name] ?? '').trim()
const failed = (kept: Inbox) => (kept.reason ? t('inboxBad', { time: exact(kept.failed_at), what: kept.detail ?? kept.reason }) : '')
const secretHint = (kept: Inbox | null, otherwise?: string) => (kept?.has_secret ? t('cbKept') : otherwise)

export function mailbox(kept: Inbox | null): Fetching {
	return {
		name: 'mailbox',
		title: t('inbox'),
		hint: t('inboxHint'),
		rows: [
			[{ name: 'host', label: t('inboxHost'), placeholder: 'imap.exmail.qq.com', narrow: true }, { name: 'port', label: t('inboxPort'), keyboard: 'numeric' }],
			[{ name: 'tls', label: t('inboxTls'), control: 'choice', options: MODES.map((value) => ({ value, label: word('tls_', value) })) }],
			[{ name: 'user', label: t('inboxUser'), placeholder: 'sales@example.com' }],
			[{ name: 'password', label: t('inboxPassword'), hint: secretHint(kept, t('inboxPasswordHint')), control: 'secret' }],
			[{ name: 'folder', label: t('inboxFolder'), narrow: true }, { name: 'every_min', label: t('inboxEvery'), keyboard: 'numeric' }],
			[{ name: 'senders', label: t('inboxSenders'), hint: t('inboxSendersHint'), control: 'list' }],
			[{ name: 'allowed_host', label: t('inboxAllowed'), hint: t('inboxAllowedHint') }],
			[{ name: 'old', label: t('inboxOld'), control: 'switch' }],
		],
		values: (now) => ({
			host: now?.host ?? '', port: String(now?.port ?? PORTS.tls), tls: now?.tls ?? 'tls', user: now?.user ?? '', password: '', folder: now?.folder ?? 'INBOX', every_min: String(now?.every_min ?? 2),
			allowed_host: now?.allowed_host ?? '', old: now?.old ?? false, senders: now?.senders ?? [],
		}),
		settings: (values) => ({
			host: text(values, 'host'), port: Number(values.port) || undefined, tls: values.tls, user: text(values, 'user'), password: values.password || undefined, folder: values.folder,
			every_min: Number(values.every_min) || undefined, allowed_host: text(values, 'allowed_host') || undefined, old: values.old, senders: Array.isArray(values.senders) ? values.senders : [],
		}),
		/** The usual port of the mode, unless another one was entered. */
		follow: (before, after) => (before.tls !== after.tls && after.port === PORTS[String(before.tls)] ? { ...after, port: PORTS[String(after.tls ?? 'tls')]! } : after),
		state: (now) => [failed(now) || (now.ok_at ? t('inboxOk', { time: exact(now.ok_at), n: number(now.taken ?? 0) }) : t('inboxNever')), now.left ? t('inboxLeft', { n: number(now.left) }) : ''].filter(Boolean).join(' '),
		fine: (trial) => t('inboxFine', { n: number(trial.messages) }),
		words: { save: t('inboxSave'), trial: t('inboxTry'), stop: t('inboxStop'), stopped: t('inboxStopped'), look: t('inboxCheck') },
	}
}

export function wecomMessages(kept: Inbox | null, corpid: string): Fetching {
	return {
		name: 'messages',
		title: t('kf'),
		hint: t('kfHint'),
		rows: [
			[{ name: 'corpid', label: 'CorpID' }],
			[{ name: 'password', label: t('kfSecret'), hint: secretHint(kept), control: 'secret' }],
			[{ name: 'server', label: t('kfServer'), hint: t('kfServerHint'), placeholder: 'https://qyapi.weixin.qq.com' }],
		],
		values: (now) => ({ corpid: now?.corpid ?? corpid, password: '', server: now?.server ?? '', allowed_host: now?.allowed_host ?? '' }),
		settings: (values) => ({ kind: 'wecom_kf', corpid: text(values, 'corpid'), password: values.password || undefined, server: text(values, 'server') || undefined, allowed_host: values.allowed_host || undefined }),
		state: (now) => failed(now) || (now.ok_at ? t('kfOk', { time: exact(now.ok_at), n: number(now.taken ?? 0) }) : ''),
		fine: () => t('kfFine'),
		words: { save: t('kfSave'), trial: t('kfTry'), stop: t('kfStop'), stopped: t('inboxStopped') },
	}
}
