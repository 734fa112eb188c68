export default {
	edit: 'Edit {name}',
	save: 'Save',
	cancel: 'Cancel',
	empty: 'empty',
	yes: 'Yes',
	no: 'No',
	searchRef: 'Type a name to search',
	noMatch: 'Nothing found',
	none: 'None',
}
