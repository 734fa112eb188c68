import type { Tone } from '@/ui/UiChip.vue'
import type { PersonState } from '../api'

export const STATE_TONE: Record<PersonState, Tone> = { free: 'green', full: 'amber', off_hours: 'neutral', absent: 'neutral', frozen: 'red', inactive: 'neutral' }
