/* Fields and values of any object as people read them: by the catalogue, as far as it has been seen; else as leads show theirs. */
import { shallowReactive } from 'vue'
import { objectDef } from '@/api/records'
import type { ObjectDef } from '@/api/types'
import { showField } from '@/fields/show'
import { showValue } from '@/lead/values'

const known = shallowReactive(new Map<string, ObjectDef>())
const asked = new Set<string>()

export function defOf(object: string): ObjectDef | undefined {
	if (!asked.has(object)) {
		asked.add(object)
		void objectDef(object).then((def) => def && known.set(object, def), () => asked.delete(object))
	}
	return known.get(object)
}

export function valueOf(object: string, name: string, value: unknown): string {
	const field = defOf(object)?.fields.find((one) => one.name === name)
	return field ? showField(field, value) : showValue(name, value)
}
