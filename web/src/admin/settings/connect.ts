/* Addresses and snippets that are given to whoever connects a website or a system. */
import type { Lang } from '@/i18n/i18n'

export const captureUrl = (base: string, key: string) => `${base.replace(/\/+$/, '')}/capture/${encodeURIComponent(key)}`

export function embedCode(base: string, key: string, lang: Lang): string {
	return `<script src="${base.replace(/\/+$/, '')}/widget.js" data-source="${key.replace(/"/g, '&quot;')}" data-lang="${lang}" async></` + 'script>'
}

const SAMPLE = {
	zh: { name: '王伟', phone: '13800138000', company: '上海示例科技有限公司', city: '上海', message: '想了解报价' },
	en: { name: 'Wang Wei', phone: '13800138000', company: 'Example Robotics', city: 'Shanghai', message: 'Please send a quotation' },
}

export function curlExample(url: string, lang: Lang): string {
	const body = JSON.stringify(SAMPLE[lang])
	return [`curl -X POST '${url}' \\`, "  -H 'Content-Type: application/json' \\", "  -H 'Prefer: wait=5' \\", `  -d '${body}'`].join('\n')
}
