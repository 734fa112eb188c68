/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const server = process.env.TENON_SERVER ?? 'http://127.0.0.1:8080'

/** Icons come with a random key at each of their lines, for a renderer that needs them; they do not compress. */
const plainIcons: Plugin = {
	name: 'plain-icons',
	transform: (code, id) => (/lucide[\\/].*[\\/]icons[\\/]/.test(id) ? { code: code.replace(/,\s*key: "[a-z0-9]+"/g, ''), map: null } : undefined),
}

// The host stays the browser's: the server refuses writes that come from another origin.
const to = { target: server, changeOrigin: false }
const proxy = { '/api': to, '/capture': to }

export default defineConfig({
	// Composition API only: without the options API the runtime is smaller.
	plugins: [vue({ features: { optionsAPI: false } }), plainIcons],
	resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
	build: {
		target: 'es2022',
		assetsInlineLimit: 0,
		modulePreload: {
			polyfill: false,
			// The list of what each later screen needs would weigh on the first one: its styles are named beforehand, its scripts are found
			// when it is opened.
			resolveDependencies: (_file, needs, { hostType }) => (hostType === 'html' ? needs : needs.filter((name) => name.endsWith('.css'))),
		},
		reportCompressedSize: false,
		// Which file needs which: the service worker is made from it (worker/build.mjs), which then removes it.
		manifest: 'parts.json',
		rolldownOptions: {
			output: {
				codeSplitting: {
					groups: [
						// Vue and the router change rarely: one stable chunk that stays cached over releases.
						{ name: 'vue', test: /node_modules[\\/](@vue|vue|vue-router)[\\/]/ },
						// What every screen needs, together: thirty small files compress worse than one.
						{ name: 'base', test: /src[\\/](offline[\\/]state|api|i18n[\\/](?!values)|live[\\/](?!useFresh)|alerts[\\/](?!AlertList|list|words|sound|zh|en)|shell[\\/](?!CommandPalette|palette|userItems|PhoneTabs|LostPage)|session[\\/]session|lead[\\/](text|zh|en|countdown|Countdown))|src[\\/]ui[\\/](text|zh|en|toast|place|Ui(Toasts|Button|Popover|Menu|Avatar|Chip|Error|Empty|Skeleton))|lucide[\\/]vue[\\/]dist[\\/]esm[\\/](?!icons)/ },
					],
				},
			},
		},
	},
	// Tests read words of the server's own tables (../src).
	server: { port: 5173, proxy, fs: { allow: ['.', '../src'] } },
	preview: { proxy },
	test: { environment: 'happy-dom', include: ['src/**/*.test.ts', 'widget/**/*.test.ts', 'worker/**/*.test.ts'], restoreMocks: true },
})
