import { defineConfig } from 'vitest/config'

export default defineConfig({
  // vite's own JSX transform, told whose JSX it is.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // Every browser that can run it knows how to fetch modules beforehand.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    proxy: {
      '/ws': { target: 'ws://127.0.0.1:8077', ws: true },
      '/images': 'http://127.0.0.1:8077',
    },
  },
  test: { include: ['src/**/*.test.ts'] },
})
