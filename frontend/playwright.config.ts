import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

// A browser of the system, where there is one; else Playwright's own.
const known = [
  process.env.SLUICE_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const executablePath = known.find((path) => path && existsSync(path))

export default defineConfig({
  testDir: 'browser',
  projects: [
    { name: 'tests', testMatch: '*.test.ts' },
    { name: 'bench', testMatch: '*.bench.ts' },
  ],
  timeout: 120_000,
  // The page waits up to 5 s before it connects anew, and the server may start slowly.
  expect: { timeout: 30_000 },
  workers: 1,
  reporter: 'list',
  use: {
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
