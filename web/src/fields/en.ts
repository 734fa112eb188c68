export default {
	edit: 'Edit {name}',
	save: 'Save',
	saved: 'Saved: {name}',
	cancel: 'Cancel',
	empty: 'empty',
	restored: 'This is what you had not saved.',
	restoredOn: 'This is what you had not saved. Meanwhile the field was changed to: {value}',
	yes: 'Yes',
	no: 'No',
	searchRef: 'Type a name to search',
	noMatch: 'Nothing found',
	none: 'None',
}
