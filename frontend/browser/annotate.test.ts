import { expect } from '@playwright/test'
import violations from './axe'
import { answerNext, counts, open, ready, saved, shown } from './page'
import { test } from './server'

test('twenty pictures by keyboard, a reload, undo and redo', async ({ page, server }) => {
  await server.start()
  await open(page, server.address)
  await expect(page.getByRole('heading', { name: 'Is it blue?' })).toBeVisible()
  const seen = new Set<string | null>()
  for (let number = 0; number < 20; number++) {
    seen.add(await shown(page))
    await answerNext(page, number % 4 === 0 ? 'f' : number % 4 === 3 ? 's' : 'j')
  }
  expect(seen.size).toBe(20)
  await saved(page)
  expect(await counts(page)).toEqual({ answered: 20, positives: 5 })

  await page.reload()
  await ready(page)
  await expect(page.getByTestId('answered')).toHaveText('20')
  const before = await shown(page)
  await page.keyboard.press('Backspace')
  await expect(page.getByTestId('answered')).toHaveText('19')
  await expect.poll(() => shown(page)).not.toBe(before)
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await expect(page.getByTestId('answered')).toHaveText('17')
  await page.keyboard.press('Control+Shift+z')
  await expect(page.getByTestId('answered')).toHaveText('18')
  expect(await counts(page)).toEqual({ answered: 18, positives: 5 })
})

test('a killed server loses nothing, and the page goes on by itself', async ({ page, server }) => {
  await server.start()
  await open(page, server.address)
  for (const key of 'fjjfj') await answerNext(page, key)
  await saved(page)
  await server.kill()
  await expect(page.getByTestId('connection')).toContainText('no connection')
  await answerNext(page, 'f')
  await answerNext(page, 'j')
  await expect(page.getByTestId('connection')).toContainText('2 to send')
  await server.start()
  await saved(page)
  await expect(page.getByTestId('answered')).toHaveText('7')
  await page.reload()
  await expect(page.getByTestId('answered')).toHaveText('7')
  expect(await counts(page)).toEqual({ answered: 7, positives: 3 })
})

test('typing as fast as the browser takes it answers each picture once', async ({
  page,
  server,
}) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame)
    for (let number = 0; number < 40; number++) {
      while (!document.querySelector('.picture:not(.loading) img')) await frame()
      window.dispatchEvent(new KeyboardEvent('keydown', { key: number % 2 ? 'j' : 'f' }))
      await frame()
    }
  })
  await saved(page)
  await expect(page.getByTestId('answered')).toHaveText('40')
  expect(await counts(page)).toEqual({ answered: 40, positives: 20 })
})

test('the buttons answer, and the selector is changed while running', async ({ page, server }) => {
  await server.start()
  await open(page, server.address)
  await page.getByRole('button', { name: /^Yes/ }).click()
  await page.getByRole('button', { name: /^No/ }).click()
  await expect(page.getByTestId('answered')).toHaveText('2')
  // The first ranking of the model comes when there are features.
  await expect(page.getByText('knows every answer')).toBeVisible()
  await expect(page.getByText(/patches on/)).toBeVisible()
  await page.getByRole('button', { name: /^No/ }).click()
  await expect(page.getByTestId('probability')).toContainText('%')
  await page.getByLabel('Order').selectOption('sequential')
  await expect(page.getByText("The pool's own order, by path.")).toBeVisible()
  // The keys answer again at once.
  await answerNext(page, 'j')
  await expect(page.getByTestId('answered')).toHaveText('4')
})

test('every image answered is said, and an undo brings one back', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  for (let number = 0; number < 60; number++) await answerNext(page, 'j')
  await expect(page.getByRole('heading', { name: 'Every image is answered' })).toBeVisible()
  await expect(page.getByTestId('answered')).toHaveText('60')
  await page.keyboard.press('Backspace')
  await expect(page.locator('.picture img')).toBeVisible()
  await expect(page.getByTestId('answered')).toHaveText('59')
})

test('pictures whose disk is away are waited for, and it goes on by itself', async ({
  page,
  server,
}) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answerNext(page, 'f')
  server.takePoolAway()
  // What was fetched before can be answered as ever.
  while (await page.locator('.picture').isVisible()) await page.keyboard.press('j')
  await expect(page.getByRole('heading', { name: 'The pictures are not there' })).toBeVisible()
  await expect(page.locator('.empty')).toContainText('Your answers are safe')
  // The server has seen it as well.
  const notice = page.getByRole('alert').filter({ hasText: 'Is a disk missing?' })
  await expect(notice.first()).toBeVisible()
  await saved(page)
  const { answered } = await counts(page)
  // No key answers what nobody sees.
  await page.keyboard.press('f')
  expect((await counts(page)).answered).toBe(answered)
  expect(await violations(page)).toEqual([])

  server.bringPoolBack()
  await expect(page.locator('.picture img')).toHaveJSProperty('naturalWidth', 24)
  for (let number = answered; number < 60; number++) await answerNext(page, 'j')
  // None was set aside, and none was left behind.
  await expect(page.getByRole('heading', { name: 'Every image is answered' })).toBeVisible()
  await expect(page.getByText('60 of 60 answered')).toBeVisible()
  await saved(page)
  expect(await counts(page)).toEqual({ answered: 60, positives: 1 })
})

for (const colorScheme of ['dark', 'light'] as const) {
  test(`no accessibility violations in ${colorScheme}`, async ({ page, server }) => {
    await server.start()
    await page.emulateMedia({ colorScheme })
    await open(page, server.address)
    for (const key of 'fjj') await answerNext(page, key)
    await expect(page.getByTestId('answered')).toHaveText('3')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('?')
    await expect(page.getByRole('dialog')).toBeVisible()
    expect(await violations(page)).toEqual([])
    // Keys don't answer what the dialogue hides.
    await page.keyboard.press('f')
    await page.keyboard.press('Escape')
    await expect(page.getByRole('dialog')).toBeHidden()
    expect((await counts(page)).answered).toBe(3)
  })
}

test('nothing is asked of any other origin, and nothing fails', async ({ page, server }) => {
  const elsewhere: string[] = []
  const errors: string[] = []
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(server.address).host) elsewhere.push(request.url())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await server.start()
  await open(page, server.address)
  for (const key of 'fjjsjj') await answerNext(page, key)
  await saved(page)
  expect([elsewhere, errors]).toEqual([[], []])
})

test("a plugin's parameters are set in the page, kept, and reset", async ({ page, server }) => {
  await server.start()
  await open(page, server.address)
  await page.getByLabel('Order').selectOption('explore')
  await page.getByText('Parameters').click()
  const clusters = page.getByLabel('clusters')
  await expect(clusters).toHaveValue('12')
  await clusters.fill('20')
  // News that draws the page anew does not disturb what is being typed.
  await page.evaluate(() => window.dispatchEvent(new KeyboardEvent('keydown', { key: 'j' })))
  await expect(page.getByTestId('answered')).toHaveText('1')
  await saved(page)
  await expect(clusters).toHaveValue('20')
  await clusters.press('Enter')
  await expect(page.getByText('changed')).toBeVisible()
  // What can't be is not kept, and is not sent.
  await clusters.fill('1000')
  await clusters.press('Enter')
  await expect(clusters).toHaveValue('20')
  // The keys answer again at once.
  await answerNext(page, 'j')
  await expect(page.getByTestId('answered')).toHaveText('2')
  expect(await violations(page)).toEqual([])

  await page.reload()
  await ready(page)
  await page.getByText('Parameters').click()
  await expect(page.getByLabel('clusters')).toHaveValue('20')
  await page.getByRole('button', { name: 'Reset' }).click()
  await expect(page.getByLabel('clusters')).toHaveValue('12')
  await expect(page.getByText('changed')).toBeHidden()
})
