export default {
	shelf: '公海',
	report: '分配日报',
	drill: '演练',
}
