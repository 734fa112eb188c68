export default {
	shelf: 'Returned leads',
	report: 'Assignment report',
	drill: 'Drill',
}
