/* What the form says. */
export const words = {
	zh: {
		title: '联系我们', name: '姓名', phone: '电话', company: '公司', message: '需求', send: '提交', optional: '选填',
		consent: '同意收集浏览信息，以便更快答复', consentNote: '不同意也可以提交，电话可不填。',
		needPhone: '请填写电话，或取消上面的勾选。', badPhone: '电话号码不完整。', empty: '请至少填写一项。',
		thanks: '已收到，谢谢！', soon: '我们会尽快与您联系。', receipt: '回执号', another: '再填一份',
		kept: '网络暂时不通，内容已保存，恢复后自动提交一次。', retry: '立即重试', refused: '提交未成功，请重试。',
	},
	en: {
		title: 'Contact us', name: 'Name', phone: 'Phone', company: 'Company', message: 'What you need', send: 'Send', optional: 'optional',
		consent: 'You may record my visit, to answer faster', consentNote: 'You can send without this; the phone is optional then.',
		needPhone: 'Please enter your phone, or untick the box above.', badPhone: 'This phone number is not complete.', empty: 'Please fill in at least one field.',
		thanks: 'Received, thank you!', soon: 'We will be in touch soon.', receipt: 'Receipt', another: 'Fill in another',
		kept: 'No connection just now. What you typed is kept and will be sent by itself, once.', retry: 'Try now', refused: 'It was not accepted. Please try again.',
	},
}
export type Words = typeof words.zh
