/* The language a person chose: on the screen at once, and remembered here until the server has it, so that a page that is loaded anew
 * before that does not fall back. */
import { patch, Problem } from '@/api/http'
import type { Id } from '@/api/types'
import type { Lang } from '@/i18n/i18n'

const WISH = 'tenon.lang.wish'

interface Wish {
	user: Id
	lang: Lang
}

function wish(): Wish | undefined {
	try {
		return (JSON.parse(localStorage.getItem(WISH) ?? 'null') as Wish | null) ?? undefined
	} catch {
		return undefined
	}
}

export const makeWish = (user: Id, lang: Lang): void => localStorage.setItem(WISH, JSON.stringify({ user, lang } satisfies Wish))
export const dropWish = (): void => localStorage.removeItem(WISH)

/** What this person chose and the server has not confirmed. */
export function wishOf(user: Id): Lang | undefined {
	const made = wish()
	return made?.user === user ? made.lang : undefined
}

let telling: Promise<unknown> = Promise.resolve()

async function tell(user: Id): Promise<Lang | undefined> {
	const lang = wishOf(user)
	if (!lang) return undefined
	try {
		await patch('/me', { language: lang }, { anonymous: true })
	} catch (problem) {
		// Refused for good it would be asked again for ever; without a line, or signed out, it waits.
		if (problem instanceof Problem && problem.status >= 400 && problem.status < 500 && problem.status !== 401 && wishOf(user) === lang) dropWish()
		return undefined
	}
	if (wishOf(user) === lang) dropWish()
	return lang
}

/** Tells the server, one choice after the other. Returns what it has taken. */
export function tellWish(user: Id): Promise<Lang | undefined> {
	const told = telling.then(() => tell(user))
	telling = told
	return told
}
