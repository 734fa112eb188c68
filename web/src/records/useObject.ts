/* The catalogue's word on an object, and what its pages show of it. */
import { computed, shallowRef, watch, type Ref } from 'vue'
import { objectDef } from '@/api/records'
import type { FieldDef, ObjectDef } from '@/api/types'
import { lang, named } from '@/i18n/i18n'

export const COLUMNS_MAX = 7
/* Fields a list does not need: long, technical, or the same for nearly all. */
const UNLISTED = new Set(['json', 'long_text'])
const SYSTEM = new Set(['id', 'version', 'created_by', 'updated_at', 'deleted_at', 'region'])

export function useObject(name: Ref<string>) {
	const def = shallowRef<ObjectDef>()
	const error = shallowRef<unknown>(null)

	async function load(): Promise<void> {
		error.value = null
		try {
			def.value = await objectDef(name.value)
		} catch (problem) {
			error.value = problem
		}
	}
	watch(name, () => void load(), { immediate: true })

	const fields = computed<FieldDef[]>(() => (def.value?.fields ?? []).filter((field) => !SYSTEM.has(field.name) && field.type !== 'json'))
	const title = computed(() => def.value?.title ?? 'name')
	const columns = computed(() => {
		const own = fields.value.filter((field) => field.name !== title.value && !UNLISTED.has(field.type) && field.name !== 'created_at')
		const first = fields.value.find((field) => field.name === title.value)
		return [...(first ? [first] : []), ...own]
	})
	const formFields = computed(() => fields.value.filter((field) => !field.read_only && field.name !== 'created_at'))
	const label = computed(() => (lang.value === 'en' ? named(def.value).toLowerCase() : named(def.value)))
	const plural = computed(() => (lang.value === 'en' ? ((def.value as unknown as { en_plural?: string })?.en_plural ?? label.value).toLowerCase() : label.value))
	return { def, error, load, fields, title, columns, formFields, label, plural }
}
