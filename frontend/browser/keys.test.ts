import { expect } from '@playwright/test'
import violations from './axe'
import { answerNext, open, ready, saved } from './page'
import { test } from './server'

test('a key is changed, remembered, and what lost it is told', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('?')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: /^Change the key for “Yes/ }).click()
  await expect(dialog).toContainText('Press a key')
  // Escape leaves it, and the dialogue stays.
  await page.keyboard.press('Escape')
  await expect(dialog).toBeVisible()
  await dialog.getByRole('button', { name: /^Change the key for “Yes/ }).click()
  await page.keyboard.press('p')
  await expect(dialog).toContainText(/no key/i)
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()

  await page.keyboard.press('f')
  await page.keyboard.press('p')
  await expect(page.getByTestId('positives')).toHaveText('1')
  await expect(page.getByTestId('answered')).toHaveText('1')
  await expect(page.getByRole('button', { name: /^Yes/ })).toContainText('P')
  await page.reload()
  await answerNext(page, 'p')
  await expect(page.getByTestId('positives')).toHaveText('2')
})

test('the preset of Prodigy', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('?')
  await page.getByRole('dialog').getByText('Prodigy').click()
  await page.keyboard.press('Escape')
  for (const key of ['a', 'x', 'x', 'Space']) await answerNext(page, key)
  await expect(page.getByTestId('answered')).toHaveText('4')
  await saved(page)
  const said = server.answers().map(({ type, label }) => label ?? type)
  expect(said).toEqual(['positive', 'negative', 'negative', 'Skipped'])
  await page.keyboard.press('Backspace')
  await expect(page.getByTestId('answered')).toHaveText('3')
})

test('a clicked button does not keep the keys', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.getByRole('button', { name: /^No/ }).click()
  await expect(page.getByTestId('answered')).toHaveText('1')
  await page.keyboard.press('Space')
  await expect(page.getByRole('heading', { name: 'Paused' })).toBeVisible()
  await page.keyboard.press('Space')
  // With the keyboard a button is pressed as ever.
  await page.getByRole('button', { name: /^No/ }).focus()
  await page.keyboard.press('Space')
  await expect(page.getByTestId('answered')).toHaveText('2')
})

test('the first visit says what to do, and answers nothing', async ({ page, server }) => {
  await server.start('--no-model')
  await page.goto(server.address)
  const dialog = page.getByRole('dialog', { name: 'Is it blue?' })
  await expect(dialog).toBeVisible()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('f')
  await expect(dialog).toBeHidden()
  await expect(page.getByTestId('answered')).toHaveText('0')
  await answerNext(page, 'f')
  await expect(page.getByTestId('answered')).toHaveText('1')
  await page.reload()
  await ready(page)
  await expect(dialog).toBeHidden()
})
