export default {
	offline: 'The server cannot be reached. What you typed is kept: check the network and try again.',
	late: 'The server did not answer in time. Try again: nothing is done twice.',
	tooLarge: 'This is too large to reach the server. Please send it in smaller parts.',
	tooOften: 'Too many requests. Please try again in a moment.',
	tooOftenUntil: 'Too many requests. Please try again in {n} s.',
	unexpected: 'The server gave an unexpected answer ({status}). Try again; if it persists, tell your administrator.',
	unknown: 'Something on this page went wrong. Please try again.',
}
