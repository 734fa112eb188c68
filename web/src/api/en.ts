export default {
	deleteOffline: 'Deleting needs a connection and is not kept for later. Try again when there is one.',
	restoreOffline: 'Restoring needs a connection and is not kept for later. Try again when there is one.',
	undoOffline: 'Undoing needs a connection and is not kept for later. Try again when there is one.',
	offline: 'The server cannot be reached. What you typed is kept: check the network and try again.',
	unexpected: 'The server gave an unexpected answer ({status}). Try again; if it persists, tell your administrator.',
	unknown: 'Something on this page went wrong. Please try again.',
}
