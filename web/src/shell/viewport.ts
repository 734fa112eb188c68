/* Below 760 px the application is a phone's: bottom tabs, cards instead of grids, sheets instead of drawers. */
import { ref, type Ref } from 'vue'

function matching(media: string): Ref<boolean> {
	const query = matchMedia(media)
	const matches = ref(query.matches)
	query.addEventListener('change', () => (matches.value = query.matches))
	return matches
}

export const isPhone = matching('(max-width: 759px)')
/** A phone held across: the navigation is a rail, so that the page has the width. */
export const isAcross = matching('(max-height: 500px) and (pointer: coarse)')
