export default {
	method: 'Method',
	summary: 'Summary',
	summaryHint: 'What was said, what is next',
	tooShort: 'The summary needs at least {min} characters.',
	laterToday: 'In two hours',
	tomorrow: 'Tomorrow 10:00',
	inThreeDays: 'In three days',
	nextWeek: 'Next Monday',
	update: 'Update now',
	saveTouch: 'Save contact',
}
