/* Files of leads. How they get to the server: offline/sendFiles.ts. */
import { withLine } from '@/offline/state'
import { address, del, get } from './http'
import type { Id, StoredFile } from './types'

export const FILE_BYTES_MAX = 10 * 1024 * 1024

export const filesOf = (lead: Id) => get<{ items: StoredFile[] }>(`/leads/${lead}/files`)
export const deleteFile = (id: Id) => withLine(del<{ change: Id }>(`/files/${id}`))
/** Where the content lies: for img, audio and links. */
export const fileUrl = (id: Id, download = false) => address(`/files/${id}`, download ? { download } : undefined)
