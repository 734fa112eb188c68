/* Where the page does not shrink when the keyboard opens (iOS), sheets from below rise above it: its height is a property of the page. */
const TOO_SMALL = 80 // toolbars of the browser, no keyboard

export function watchKeyboard(): void {
	const seen = window.visualViewport
	seen?.addEventListener('resize', () => {
		const hidden = window.innerHeight - seen.height - seen.offsetTop
		document.documentElement.style.setProperty('--keyboard', hidden > TOO_SMALL && seen.scale === 1 ? `${Math.round(hidden)}px` : '0px')
	})
}
