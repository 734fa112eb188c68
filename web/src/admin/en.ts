export default {
	board: 'Supervisor board',
	intake: 'Intake',
	procedure: 'Procedure',
	policy: 'Assignment policy',
	sources: 'Sources',
	pools: 'Pools',
	people: 'People and teams',
	calendars: 'Working time',
	territories: 'Territories, skills',
	access: 'Keys and sessions',
	setup: 'First steps',
}
