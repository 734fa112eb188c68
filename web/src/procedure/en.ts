export default {
	title: 'Assignment procedure',
	version: 'version {n}',
	all: 'Read all of it',
}
