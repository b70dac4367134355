import { expect } from '@playwright/test'
import violations from './axe'
import { answerNext, open, saved, shown } from './page'
import { test } from './server'

test('the last answers are shown, filtered, and corrected', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('h')
  await expect(page.getByText('No answers yet.')).toBeVisible()
  const first = await shown(page)
  for (const key of 'fjjs') await answerNext(page, key)
  await saved(page)
  const entries = page.getByRole('button', { name: /^Image \d+:/ })
  await expect(entries).toHaveCount(4)
  // The newest comes first.
  await expect(entries.first()).toHaveAccessibleName(/skipped/)
  await expect(entries.last()).toHaveAccessibleName(new RegExp(`^Image ${first}: yes`))
  expect(await violations(page)).toEqual([])

  const next = await shown(page)
  await entries.last().click()
  await expect(page.locator('.correcting')).toContainText('Your answer: yes')
  expect(await shown(page)).toBe(first)
  // Left as it was: the line goes on where it stopped, and nothing was answered.
  await page.keyboard.press('Escape')
  expect(await shown(page)).toBe(next)
  await expect(page.getByTestId('answered')).toHaveText('4')

  await entries.last().click()
  await answerNext(page, 'j')
  await expect(page.getByTestId('positives')).toHaveText('0')
  await expect(page.getByTestId('answered')).toHaveText('4')
  expect(await shown(page)).toBe(next)
  await saved(page)
  await expect(entries).toHaveCount(4)
  await expect(entries.first()).toHaveAccessibleName(new RegExp(`^Image ${first}: no`))
  // A correction is an answer like any other: it can be taken back, and the image has its answer again.
  await page.keyboard.press('Backspace')
  await expect(page.getByTestId('positives')).toHaveText('1')
  await expect(page.locator('.correcting')).toContainText('Your answer: yes')
  await page.keyboard.press('Escape')
  expect(await shown(page)).toBe(next)
  await expect(page.getByTestId('answered')).toHaveText('4')
  await expect(entries.last()).toHaveAccessibleName(new RegExp(`^Image ${first}: yes`))

  const labels = server.answers().filter(({ image }) => String(image) === first)
  expect(labels.map(({ label }) => label)).toEqual(['positive', 'negative'])
})

test('the history stays open over a reload and a new server', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('h')
  for (const key of 'fj') await answerNext(page, key)
  const entries = page.getByRole('button', { name: /^Image \d+:/ })
  await expect(entries).toHaveCount(2)
  await page.reload()
  await expect(entries).toHaveCount(2)
  await server.kill()
  await server.start('--no-model')
  await saved(page)
  await answerNext(page, 'j')
  await expect(entries).toHaveCount(3)
  await page.keyboard.press('h')
  await expect(entries).toHaveCount(0)
})
