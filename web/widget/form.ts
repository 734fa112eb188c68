/* The form itself: <tenon-form source="web" lang="zh">, in its own shadow tree so that no page style reaches it. */
import { facts, remember, see } from './context'
import { outbox, type Result } from './outbox'
import { style } from './style'
import { words, type Words } from './words'

const FIELDS = ['name', 'phone', 'company', 'message'] as const
/** Where the script came from: there the enquiries go unless the element says otherwise. */
export const home = { base: '' }

type Draft = { began: number } & { [name in (typeof FIELDS)[number]]?: string }

function page(w: Words): string {
	const auto = { name: 'name', phone: 'tel', company: 'organization' }
	const field = (name: keyof typeof auto) =>
		`<label>${w[name]}${name === 'phone' ? '' : ` <small>${w.optional}</small>`}<input name="${name}" maxlength="200" autocomplete="${auto[name]}"${name === 'phone' ? ' type="tel" inputmode="tel" aria-describedby="e"' : ''}></label>`
	return `<form class="b" novalidate aria-label="${w.title}"><h2>${w.title}</h2>${field('name')}${field('phone')}${field('company')}<label>${w.message} <small>${w.optional}</small><textarea name="message" maxlength="2000"></textarea></label>
<input class="h" name="_hp" tabindex="-1" aria-hidden="true" autocomplete="off">
<label class="c"><input type="checkbox" name="consent"><span>${w.consent}<br><small>${w.consentNote}</small></span></label>
<p class="e" id="e" role="alert" hidden></p><button>${w.send}</button></form>
<div class="b" role="status" tabindex="-1" hidden></div>`
}

export function fault(values: Record<string, string>, consent: boolean, w: Words): string {
	if (!FIELDS.some((name) => values[name])) return w.empty
	if (consent && !values.phone) return w.needPhone
	return values.phone && values.phone.replace(/\D/g, '').length < 7 ? w.badPhone : ''
}

export class TenonForm extends HTMLElement {
	connectedCallback(): void {
		if (this.shadowRoot) return
		const source = this.getAttribute('source') || 'web'
		const code = this.getAttribute('code')
		const lang = (this.lang || document.documentElement.lang || navigator.language).startsWith('en') ? 'en' : 'zh'
		const w = words[lang]
		const root = this.attachShadow({ mode: 'open' })
		root.innerHTML = page(w)
		dress(root)
		const form = root.querySelector('form')!
		const panel = root.querySelector<HTMLElement>('[role=status]')!
		const error = root.querySelector<HTMLElement>('.e')!
		const button = form.querySelector('button')!
		const box = (name: string) => form.elements.namedItem(name) as HTMLInputElement
		const store = `tenon:${source}`
		const visit = see()
		let draft: Draft = remember<Draft>('localStorage', `${store}:draft`) ?? { began: 0 }

		const values = () => Object.fromEntries(FIELDS.map((name) => [name, box(name).value.trim()]))
		const say = (text: string) => {
			error.textContent = text
			error.hidden = !text
			box('phone').toggleAttribute('aria-invalid', text === w.needPhone || text === w.badPhone)
		}
		/** Replaces the form by a panel; `act` is what its button does. A receipt makes it the thank-you. */
		const show = (note: string, label: string, act: () => void, receipt = '') => {
			panel.innerHTML = `${receipt && `<h2>${w.thanks}</h2>`}<p>${note}</p>${receipt && `<p>${w.receipt} <code></code></p>`}<button class="q" type="button">${label}</button>`
			if (receipt) panel.querySelector('code')!.textContent = receipt
			panel.querySelector('button')!.onclick = act
			const focused = root.activeElement
			form.hidden = true
			panel.hidden = false
			if (focused) panel.focus()
		}
		const again = () => {
			panel.hidden = true
			form.hidden = false
			box('name').focus()
		}

		const mail = outbox(store, this.getAttribute('endpoint') || `${home.base}/capture/${encodeURIComponent(source)}`, lang, (result: Result) => {
			button.disabled = false
			button.textContent = w.send
			if (result.state === 'sent') {
				remember('localStorage', `${store}:draft`, null)
				draft = { began: 0 }
				form.reset()
				show(w.soon, w.another, again, result.receipt)
			} else if (result.state === 'waiting') show(w.kept, w.retry, mail.flush)
			else {
				if (form.hidden) again()
				say(result.detail || w.refused)
			}
		})

		for (const name of FIELDS) box(name).value = draft[name] ?? ''
		form.addEventListener('input', () => {
			draft = { began: draft.began || Date.now(), ...values() }
			remember('localStorage', `${store}:draft`, draft)
			say('')
		})
		form.addEventListener('submit', (event) => {
			event.preventDefault()
			const typed = values()
			const consent = box('consent').checked
			const wrong = fault(typed, consent, w)
			say(wrong)
			if (wrong) return box(wrong === w.empty ? 'name' : 'phone').focus()
			button.disabled = true
			button.textContent += ' …'
			const filled = Object.fromEntries(Object.entries(typed).filter(([, value]) => value))
			mail.send({ ...filled, consent, ...(code ? { qr_code: code } : {}), ...(box('_hp').value ? { _hp: box('_hp').value } : {}), ...(consent ? facts(visit, draft.began || performance.timeOrigin) : {}) })
		})
		if (mail.waiting()) {
			show(w.kept, w.retry, mail.flush)
			void mail.flush()
		}
	}
}

/** A sheet of its own passes the strictest page policy; older browsers get a style element. */
function dress(root: ShadowRoot): void {
	try {
		const sheet = new CSSStyleSheet()
		sheet.replaceSync(style)
		root.adoptedStyleSheets = [sheet]
	} catch {
		root.appendChild(document.createElement('style')).textContent = style
	}
}
