export default {
	offline: 'The server cannot be reached. What you typed is kept: check the network and try again.',
	unexpected: 'The server gave an unexpected answer ({status}). Try again; if it persists, tell your administrator.',
	unknown: 'Something on this page went wrong. Please try again.',
}
