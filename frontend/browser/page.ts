// What the tests do with a page, and what they read off it.

import { expect, type Page } from '@playwright/test'

export const counts = async (page: Page) => ({
  answered: await number(page, 'answered'),
  positives: await number(page, 'positives'),
})

/** Without the spaces between its digits. */
const number = async (page: Page, id: string) =>
  Number((await page.getByTestId(id).textContent())?.replace(/\s/g, ''))

export const shown = (page: Page) => page.locator('.picture').getAttribute('data-image')

export const saved = (page: Page) => expect(page.getByTestId('connection')).toHaveText('saved')

/** The picture can be seen: before that no key answers it. */
export const ready = (page: Page) =>
  expect(page.locator('.picture:not(.loading) img')).toBeVisible()

/** Opens the page, past the first visit's screen. */
export async function open(page: Page, address: string): Promise<void> {
  await page.addInitScript(() => localStorage.setItem('sluice-seen', 'yes'))
  await page.goto(address)
  await ready(page)
}

/** Answers until the model has shown how right it is, so that something can be foretold. */
export async function foretold(page: Page): Promise<void> {
  for (const key of 'fjjjfjfjfjfjfj') await answerNext(page, key)
  await expect(async () => {
    await answerNext(page, 'j')
    await saved(page)
    await expect(page.getByTestId('forecast')).toContainText('left (', { timeout: 3000 })
  }).toPass()
}

/** A line that was answered faster than the server fills it up is empty for a moment. */
export async function answerNext(page: Page, key: string): Promise<void> {
  await ready(page)
  await page.keyboard.press(key)
}
