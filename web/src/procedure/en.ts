export default {
	title: 'Assignment procedure',
	version: 'version {n}',
	flow: 'Flow chart',
	flowLabel: 'Flow chart of the assignment, version {n}; the text below tells the same rules',
	export: 'Export as SVG',
	all: 'Read all of it',
}
