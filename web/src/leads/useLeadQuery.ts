/* What the list shows is in the address: view, search, chip, filter, sort, and the lead that is open. Links and "back" work. */
import { computed, shallowRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import { objectDef } from '@/api/records'
import type { FieldDef } from '@/api/types'
import { may } from '@/session/session'
import { allOf, compileFilter, kindOf, readFilter, writeFilter, type Filter } from './filter'
import type { RowsQuery } from './useRows'
import { chipFilter, viewOf } from './views'

const one = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

export function useLeadQuery() {
	const route = useRoute()
	const router = useRouter()
	const fields = shallowRef<FieldDef[]>([])
	const onList = computed(() => route.path === '/leads')

	void objectDef('lead')
		.then((def) => (fields.value = (def?.fields ?? []).filter((field) => field.type !== 'json')))
		.catch(() => undefined) // without the catalogue the builder offers nothing; the list works

	/** Changes the address; what is undefined is left out. */
	function go(change: LocationQueryRaw, push = false): void {
		const query = { ...route.query, ...change }
		void router[push ? 'push' : 'replace']({ path: '/leads', query })
	}

	const view = computed(() => viewOf(one(route.query.view) ?? (may('lead.assign') ? 'all' : 'mine')))
	const search = computed(() => one(route.query.q) ?? '')
	const chip = computed(() => one(route.query.chip))
	const filter = computed<Filter>(() => readFilter(route.query.f))
	const sort = computed(() => one(route.query.sort) ?? view.value.sort)
	const open = computed(() => one(route.query.lead))
	const kinds = (name: string) => kindOf(fields.value.find((field) => field.name === name) ?? { name, zh: '', en: '', type: 'text' })
	const base = computed(() => allOf(view.value.filter, chipFilter(chip.value)))

	let last: RowsQuery | undefined
	// The same question again (the drawer opened) is no new question.
	const query = computed<RowsQuery>(() => {
		const next: RowsQuery = { filter: allOf(base.value, compileFilter(filter.value, kinds)), search: search.value || undefined, sort: sort.value, bin: view.value.bin }
		if (last && JSON.stringify(last) === JSON.stringify(next)) return last
		last = next
		return next
	})
	const narrowed = computed(() => Boolean(search.value || chip.value || filter.value.conditions.length > 0))

	return {
		fields, view, search, chip, filter, sort, open, base, query, narrowed, onList,
		setView: (name: string) => go({ view: name, sort: undefined, lead: undefined }, true),
		setSearch: (text: string) => go({ q: text || undefined }),
		setChip: (name: string) => go({ chip: chip.value === name ? undefined : name }, true),
		setFilter: (next: Filter) => go({ f: writeFilter(next) }),
		setSort: (field: string) => go({ sort: sort.value === `-${field}` ? field : `-${field}` }),
		setOpen: (id: string | undefined) => go({ lead: id }, id !== undefined && !open.value),
		clear: () => go({ q: undefined, chip: undefined, f: undefined }),
		closeNew: () => go({ new: undefined }),
		wantsNew: computed(() => route.query.new !== undefined),
	}
}
