/* The assignment procedure in plain words, made by the server from the policy in force (L12). Follows the language and the policy. */
import { shallowRef, watch } from 'vue'
import { get } from '@/api/http'
import { lang } from '@/i18n/i18n'
import type { FlowStep } from './flow'
import { useLive, useResync } from '@/live/live'

export interface Procedure {
	version: number
	title: string
	sections: { title: string; steps: string[] }[]
	flow?: FlowStep[]
}

export function useProcedure() {
	const procedure = shallowRef<Procedure | null>(null)
	const error = shallowRef<unknown>(null)
	let asked = 0

	async function load(): Promise<void> {
		const mine = ++asked
		try {
			const answer = await get<Procedure>('/procedure', { lang: lang.value })
			if (mine !== asked) return
			procedure.value = answer
			error.value = null
		} catch (problem) {
			if (mine === asked) error.value = problem
		}
	}

	watch(lang, () => void load(), { immediate: true })
	useLive((m) => m.kind === 'policy.changed' && void load())
	useResync(() => void load())
	return { procedure, error, load }
}
