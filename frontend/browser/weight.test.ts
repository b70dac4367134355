import { gzipSync } from 'node:zlib'
import { expect } from '@playwright/test'
import { answerNext, open } from './page'
import { test } from './server'

/** What the page may weigh until the first answer, compressed, without pictures: bytes. */
const LIMIT = 40_000
/** What draws the charts may weigh. It comes when there is something to draw. */
const CHARTS_LIMIT = 28_000
/** What the dialogue about the model labelling the rest may weigh. It comes when it is opened. */
const FINISH_LIMIT = 8_000

test('the page is light, and the server sends it compressed', async ({ page, server }) => {
  const sent: { url: string; bytes: number; encoding: string }[] = []
  page.on('response', async (response) => {
    if (/\/images\//.test(response.url())) return
    const [body, headers] = await Promise.all([response.body(), response.allHeaders()])
    const encoding = headers['content-encoding'] ?? ''
    sent.push({ url: response.url(), bytes: gzipSync(body).length, encoding })
  })
  const total = () => sent.reduce((sum, { bytes }) => sum + bytes, 0)
  await server.start('--no-model')
  await open(page, server.address)
  await page.waitForLoadState('networkidle')
  const before = total()
  expect(before).toBeGreaterThan(10_000)
  expect(before).toBeLessThan(LIMIT)

  await answerNext(page, 'f')
  await expect(page.locator('.chart canvas')).toBeVisible()
  await expect.poll(total).toBeGreaterThan(before + 10_000)
  expect(total() - before).toBeLessThan(CHARTS_LIMIT)

  const drawn = total()
  await page.keyboard.press('e')
  await expect(page.getByRole('dialog', { name: 'Imported labels' })).toBeVisible()
  await expect.poll(total).toBeGreaterThan(drawn + 2000)
  expect(total() - drawn).toBeLessThan(FINISH_LIMIT)

  const scripts = sent.filter(({ url }) => /\.(js|css)$/.test(url))
  expect(scripts.length).toBeGreaterThanOrEqual(3)
  for (const { encoding } of scripts) expect(encoding).toMatch(/gzip|br|zstd/)
})
