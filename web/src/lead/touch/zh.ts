export default {
	method: '联系方式',
	summary: '摘要',
	summaryHint: '说了什么，下一步是什么',
	tooShort: '摘要至少需要 {min} 个字。',
	laterToday: '两小时后',
	tomorrow: '明天 10:00',
	inThreeDays: '三天后',
	nextWeek: '下周一',
	update: '立即更新',
	saveTouch: '保存联系记录',
}
