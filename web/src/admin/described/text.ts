import { defineText } from '@/i18n/i18n'

export const t = defineText({ close: '关闭', remove: '删除', save: '保存' }, { close: 'Close', remove: 'Delete', save: 'Save' })
