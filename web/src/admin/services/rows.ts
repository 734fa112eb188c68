/* The fields of a service, as its kind asks for them. */
import type { Named } from '@/api/types'
import type { Described, Row } from '../described/fields'
import type { Service } from './api'
import type { Form } from './form'
import { t, word } from './text'

const KINDS = ['http', 'tcp', 'mail', 'source'] as const
const METHODS = ['GET', 'HEAD'].map((value) => ({ value, label: value }))
const option = ({ id, name }: Named) => ({ value: id, label: name })

/** What a new one is of. */
function ofRows(form: Form, sources: readonly Named[]): Row[] {
	const kind: Described = { name: 'kind', label: t('kind'), control: 'choice', required: true, options: KINDS.map((value) => ({ value, label: t(`k_${value}`) })), empty: t('chooseKind') }
	const subject: Described = { name: 'subject', label: t('source'), control: 'choice', required: true, options: sources.map(option) }
	return form.kind === 'source' ? [[kind], [subject]] : [[kind]]
}

/** Where it is and what it should answer. */
function ownRows(form: Form): Row[] {
	const answer: Row[] = [
		[{ name: 'method', label: t('method'), control: 'choice', options: METHODS }, { name: 'expectStatus', label: t('expectStatus'), hint: t('expectStatusHint'), fault: 'expect_status', keyboard: 'numeric' }],
		[{ name: 'expectText', label: t('expectText'), hint: t('expectTextHint'), fault: 'expect_text' }],
	]
	return [
		[{ name: 'name', label: t('name'), required: true, max: 60 }],
		[{ name: 'address', label: t('address'), hint: word('addressHint_', form.kind ?? ''), required: true }],
		...(form.kind === 'http' ? answer : []),
		[{ name: 'allowedHost', label: t('allowedHost'), hint: t('allowedHostHint'), fault: 'allowed_host' }],
	]
}

function contractRows(form: Form, others: readonly Named[]): Row[] {
	const pace: Row = [{ name: 'every', label: t('every'), hint: t('everyHint'), fault: 'every_s', keyboard: 'numeric' }, { name: 'slow', label: t('slow'), fault: 'slow_ms', keyboard: 'numeric' }]
	return [
		...(form.kind === 'source' ? [] : [pace]),
		[{ name: 'sla', label: t('sla'), keyboard: 'decimal', placeholder: '99.9' }, { name: 'expires', label: t('expires'), fault: 'expires_at', control: 'date' }],
		[{ name: 'contact', label: t('contact'), hint: t('contactHint'), max: 200 }],
		[{ name: 'owner', label: t('owner'), hint: t('ownerHint'), control: 'person', empty: t('nobody') }],
		[{ name: 'cost', label: t('cost'), max: 200 }],
		...(others.length > 0 ? [[{ name: 'affects', label: t('affects'), hint: t('affectsHint'), control: 'checks', options: others.map(option) }] satisfies Row] : []),
		[{ name: 'note', label: t('note'), control: 'area' }],
		[{ name: 'enabled', label: t('enabled'), control: 'switch' }],
	]
}

export function rowsOf(form: Form, service: Service | null, sources: readonly Named[], channels: readonly Named[]): Row[] {
	const own = form.kind !== null && form.kind !== 'channel' && form.kind !== 'source'
	const others = own ? [...sources, ...channels].filter((one) => one.id !== service?.id) : []
	return [...(service ? [] : ofRows(form, sources)), ...(own ? ownRows(form) : []), ...(form.kind ? contractRows(form, others) : [])]
}
