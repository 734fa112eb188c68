export default {
	alertsNone: 'No alerts',
	alertsNoneDetail: 'New leads, misses and hand-overs appear here.',
	readAll: 'Mark all as read',
	soundOn: 'Sound',
	notifyOn: 'Browser notifications',
	notifyBlocked: 'The browser blocks notifications: allow them in its site settings.',
}
