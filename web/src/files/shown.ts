import type { FileNote } from '@/api/types'

/** Photos that every browser draws; HEIC is one that most cannot. */
export const isShown = (file: FileNote) => file.kind === 'photo' && file.media_type !== 'image/heic'
