// Builds dist/sw.js: one classic script at the root, so that it may serve every page.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

await build({
	configFile: false,
	logLevel: 'warn',
	publicDir: false,
	build: {
		outDir: process.argv[2] ?? here('../../dist'),
		emptyOutDir: false,
		target: 'es2022',
		reportCompressedSize: false,
		rolldownOptions: { input: here('worker.ts'), output: { format: 'iife', entryFileNames: 'sw.js' } },
	},
})
