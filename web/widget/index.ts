/* The script a website embeds: <script src=".../widget.js" data-source="web" data-lang="zh" async></script>. The form appears where the
 * script stands; <tenon-form source="web"> places it elsewhere. */
import { home, TenonForm } from './form'

const script = document.currentScript as HTMLScriptElement | null
if (!customElements.get('tenon-form')) {
	if (script) home.base = new URL(script.src).origin
	customElements.define('tenon-form', TenonForm)
}
if (script?.dataset.source) {
	const form = document.createElement('tenon-form')
	for (const name of ['source', 'lang', 'endpoint', 'code']) form.setAttribute(name, script.dataset[name] || '')
	script.after(form)
}
