import { defineText } from '@/i18n/i18n'

export const t = defineText(
	{ notSaved: '未保存。', restored: '已恢复您上次填写但未保存的内容。', secrets: '密钥和密码需要重新填写。', stale: '其中有内容后来被他人修改，保存前请核对。', discard: '放弃' },
	{ notSaved: 'Not saved.', restored: 'What you typed and did not save is here again.', secrets: 'Secrets and passwords have to be entered anew.', stale: 'Some of it was changed by somebody else meanwhile: compare before you save.', discard: 'Discard' },
)
