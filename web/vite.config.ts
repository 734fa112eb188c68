/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const server = process.env.TENON_SERVER ?? 'http://127.0.0.1:8080'

// The host stays the browser's: the server refuses writes that come from another origin.
const to = { target: server, changeOrigin: false }
const proxy = { '/api': to, '/capture': to }

export default defineConfig({
	// Composition API only: without the options API the runtime is smaller.
	plugins: [vue({ features: { optionsAPI: false } })],
	resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
	build: {
		target: 'es2022',
		assetsInlineLimit: 0,
		reportCompressedSize: false,
		rolldownOptions: {
			output: {
				// Vue and the router change rarely: one stable chunk that stays cached over releases.
				codeSplitting: { groups: [{ name: 'vue', test: /node_modules[\\/](@vue|vue|vue-router)[\\/]/ }] },
			},
		},
	},
	server: { port: 5173, proxy },
	preview: { proxy },
	test: { environment: 'happy-dom', include: ['src/**/*.test.ts', 'widget/**/*.test.ts'], restoreMocks: true },
})
