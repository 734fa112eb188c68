/* Below 760 px the application is a phone's: bottom tabs, cards instead of grids, sheets instead of drawers. */
import { ref } from 'vue'

const query = matchMedia('(max-width: 759px)')

export const isPhone = ref(query.matches)
query.addEventListener('change', () => (isPhone.value = query.matches))
