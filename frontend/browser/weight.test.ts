import { gzipSync } from 'node:zlib'
import { expect } from '@playwright/test'
import { open } from './page'
import { test } from './server'

/** What the page may weigh, compressed, without pictures: bytes. */
const LIMIT = 60_000

test('the page is light, and the server sends it compressed', async ({ page, server }) => {
  const sent: { url: string; bytes: number; encoding: string }[] = []
  page.on('response', async (response) => {
    if (/\/images\//.test(response.url())) return
    const [body, headers] = await Promise.all([response.body(), response.allHeaders()])
    const encoding = headers['content-encoding'] ?? ''
    sent.push({ url: response.url(), bytes: gzipSync(body).length, encoding })
  })
  await server.start('--no-model')
  await open(page, server.address)
  await page.waitForLoadState('networkidle')
  const scripts = sent.filter(({ url }) => /\.(js|css)$/.test(url))
  expect(scripts.length).toBeGreaterThanOrEqual(2)
  for (const { encoding } of scripts) expect(encoding).toMatch(/gzip|br|zstd/)
  const total = sent.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(total).toBeGreaterThan(10_000)
  expect(total).toBeLessThan(LIMIT)
})
