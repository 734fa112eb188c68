export default {
	goTo: 'Go to',
	foundLeads: 'Leads',
	acts: 'Actions',
	newLead: 'New lead',
	inAllLeads: 'Find "{text}" in all leads',
	nothingFound: 'Nothing found for "{text}"',
}
