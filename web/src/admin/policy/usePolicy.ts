/* The policy being edited, its trial on the last leads, its versions. Each change is tried at once; what is shown always belongs to
 * what stands in the form. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { Problem, type FieldFault } from '@/api/http'
import { useLive } from '@/live/live'
import { toast, toastError } from '@/ui/toast'
import { getPolicy, policyAt, policyVersions, restorePolicy, savePolicy, tryPolicy, type Policy, type PolicyTrial, type PolicyVersion } from '../api'
import { copy, differences, isLoud, isWhole, NUMBERS, rebase, tidy, type Rebased } from './edit'
import { t } from './text'

const TRY_MS = 500

export type Current = PolicyVersion & { policy: Policy }

export function usePolicy() {
	const current = shallowRef<Current | null>(null)
	const draft = ref<Policy | null>(null)
	const versions = shallowRef<PolicyVersion[]>([])
	const viewing = ref<number | null>(null)
	const error = shallowRef<unknown>(null)
	const trial = shallowRef<PolicyTrial | null>(null)
	const tryError = shallowRef<unknown>(null)
	const trying = ref(false)
	const faults = ref<FieldFault[]>([])
	/** Somebody else saved while this was edited: what both changed, until it is read. */
	const moved = shallowRef<(Omit<Rebased, 'policy'> & { now: Current }) | null>(null)
	const busy = ref(false)
	const saveError = shallowRef<unknown>(null)
	let running: AbortController | undefined
	let timer: ReturnType<typeof setTimeout> | undefined
	let tried = ''

	const text = computed(() => (draft.value ? JSON.stringify(tidy(draft.value)) : ''))
	const dirty = computed(() => Boolean(current.value && draft.value && differences(tidy(current.value.policy), tidy(draft.value)).length > 0))
	const valid = computed(() => Boolean(draft.value && NUMBERS.every((rule) => isWhole(draft.value![rule.name], rule))))
	const loud = computed(() => Boolean(trial.value && isLoud(trial.value)))
	/** The trial belongs to what stands in the form. */
	const fresh = ref(false)

	async function load(): Promise<void> {
		try {
			const [answer, list] = await Promise.all([getPolicy(), policyVersions()])
			const untouched = current.value ? !dirty.value : !draft.value
			if (untouched || !draft.value) draft.value = copy(answer.policy)
			else if (current.value && answer.version !== current.value.version && viewing.value === null) carry(current.value.policy, answer)
			current.value = answer
			versions.value = list.items
			error.value = null
		} catch (problem) {
			error.value = problem
		}
	}

	/** What is being edited goes on from the version that is in force now. */
	function carry(base: Policy, now: Current): void {
		const { policy, theirs, both } = rebase(base, tidy(draft.value!), now.policy)
		draft.value = policy
		moved.value = theirs.length > 0 ? { theirs, both, now } : null
	}

	/** In what both changed, theirs. */
	function yieldTo(): void {
		const { both, now } = moved.value!
		for (const key of both) Object.assign(draft.value!, { [key]: copy(now.policy)[key] })
		moved.value = null
	}

	async function run(): Promise<PolicyTrial | null> {
		clearTimeout(timer)
		running?.abort()
		if (!draft.value || !valid.value) return null
		const mine = (running = new AbortController())
		const asked = text.value
		trying.value = true
		try {
			const answer = await tryPolicy(tidy(draft.value), mine.signal)
			if (mine !== running) return null
			trial.value = answer
			tried = asked
			fresh.value = asked === text.value
			tryError.value = null
			faults.value = []
			return answer
		} catch (problem) {
			if (mine !== running) return null
			if (problem instanceof Problem) faults.value = problem.fields
			trial.value = null
			tryError.value = problem
			return null
		} finally {
			if (mine === running) trying.value = false
		}
	}

	async function save(note: string): Promise<boolean> {
		busy.value = true
		saveError.value = null
		const before = current.value?.version
		try {
			const saved = await savePolicy(tidy(draft.value!), note, before!)
			draft.value = null
			viewing.value = null
			moved.value = null
			await load()
			toast(t('saved', { n: saved.version }), { tone: 'ok', action: before === undefined ? undefined : { label: t('back', { n: before }), run: () => restore(before) } })
			return true
		} catch (problem) {
			if (problem instanceof Problem) faults.value = problem.fields
			if (problem instanceof Problem && problem.status === 412) return await overtaken()
			saveError.value = problem
			return false
		} finally {
			busy.value = false
		}
	}

	/** Saved by somebody else a moment before: the dialog closes, and the page says what changed before it is tried and saved again. */
	async function overtaken(): Promise<boolean> {
		await load()
		toast(t('movedSave'), { tone: 'error' })
		return true
	}

	async function restore(version: number): Promise<void> {
		busy.value = true
		try {
			const saved = await restorePolicy(version)
			draft.value = null
			viewing.value = null
			trial.value = null
			await load()
			toast(t('restored', { old: version, n: saved.version }), { tone: 'ok' })
		} catch (problem) {
			toastError(problem, () => restore(version))
		} finally {
			busy.value = false
		}
	}

	async function view(version: number): Promise<void> {
		try {
			draft.value = copy((await policyAt(version)).policy)
			viewing.value = version
		} catch (problem) {
			toastError(problem, () => view(version))
		}
	}

	function discard(): void {
		if (current.value) draft.value = copy(current.value.policy)
		viewing.value = null
		moved.value = null
		trial.value = null
		tryError.value = null
		faults.value = []
	}

	watch(text, (now, before) => {
		fresh.value = now !== '' && now === tried
		clearTimeout(timer)
		if (!before || !dirty.value || fresh.value) return
		timer = setTimeout(() => void run(), TRY_MS)
	})
	useLive((m) => m.kind === 'policy.changed' && !busy.value && void load())
	onScopeDispose(() => {
		clearTimeout(timer)
		running?.abort()
	})
	void load()

	return { current, draft, versions, viewing, error, trial, tryError, trying, faults, busy, saveError, dirty, valid, loud, fresh, moved, load, run, save, restore, view, discard, yieldTo }
}
