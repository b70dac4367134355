import { expect, type Page } from '@playwright/test'
import { counts, open, ready, saved, shown } from './page'
import { type Server, test } from './server'

const ring = (page: Page) => page.getByTestId('ring')

/** Switches auto mode on, at half a second a picture. */
async function begin(page: Page, server: Server): Promise<void> {
  await page.addInitScript(() => localStorage.setItem('sluice-auto-seconds', '0.5'))
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('a')
  await expect(ring(page)).toContainText('no after 0.5 s')
}

/** As if the tab went to the background, or came back. */
const hide = (page: Page, hidden: boolean) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)

/** Nothing is answered for some time. */
async function stands(page: Page): Promise<void> {
  // One that was just let go may still arrive.
  await page.waitForTimeout(300)
  const before = await counts(page)
  await page.waitForTimeout(1200)
  expect(await counts(page)).toEqual(before)
}

test('the time that runs out says no, and a key in time says yes', async ({ page, server }) => {
  await begin(page, server)
  await expect.poll(async () => (await counts(page)).answered).toBeGreaterThanOrEqual(3)
  // In the middle of a picture's time.
  const yes = await page.evaluate(async () => {
    const image = () => document.querySelector('.picture')?.getAttribute('data-image')
    const first = image()
    while (image() === first) await new Promise(requestAnimationFrame)
    await new Promise((resolve) => setTimeout(resolve, 280))
    const now = image()
    for (const key of [' ', 'a']) window.dispatchEvent(new KeyboardEvent('keydown', { key }))
    return now
  })
  await expect(ring(page)).toBeHidden()
  await stands(page)
  await saved(page)
  const answers = server.answers()
  const byKey = answers.filter(({ source }) => source === 'manual')
  expect(byKey.map(({ image, label }) => [String(image), label])).toEqual([[yes, 'positive']])
  const byClock = answers.filter(({ source }) => source === 'timeout')
  expect(byClock.length).toBeGreaterThanOrEqual(3)
  for (const { label, seen } of byClock) {
    expect(label).toBe('negative')
    expect(seen.shown_ms).toBeGreaterThanOrEqual(490)
  }
})

test('a late key counts for the picture before', async ({ page, server }) => {
  await begin(page, server)
  // As late as it can be noticed: when the next picture has just taken its place.
  const [before, after] = await page.evaluate(async () => {
    const image = () => document.querySelector('.picture')?.getAttribute('data-image')
    const first = image()
    while (image() === first) await new Promise(requestAnimationFrame)
    const next = image()
    for (const key of ['f', 'a']) window.dispatchEvent(new KeyboardEvent('keydown', { key }))
    return [first, next]
  })
  expect(await shown(page)).toBe(after)
  await saved(page)
  const answers = server.answers().filter(({ image }) => String(image) === before)
  expect(answers.map(({ label, source }) => [label, source])).toEqual([['positive', 'manual']])
  expect(server.answers().map(({ image }) => String(image))).not.toContain(after)
})

test('an undo just after the time ran out takes that answer back', async ({ page, server }) => {
  await begin(page, server)
  await page.evaluate(async () => {
    const image = () => document.querySelector('.picture')?.getAttribute('data-image')
    const first = image()
    while (image() === first) await new Promise(requestAnimationFrame)
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }))
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Backspace' }))
  })
  await saved(page)
  expect((await counts(page)).answered).toBe(0)
})

test('it waits while the tab is hidden', async ({ page, server }) => {
  await begin(page, server)
  await expect(page.getByTestId('negatives')).toHaveText('1')
  await hide(page, true)
  await stands(page)
  await hide(page, false)
  const { answered } = await counts(page)
  await expect.poll(async () => (await counts(page)).answered).toBeGreaterThan(answered)
})

test('it waits while a dialogue lies over the picture', async ({ page, server }) => {
  await begin(page, server)
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await stands(page)
  await page.keyboard.press('Escape')
  const { answered } = await counts(page)
  await expect.poll(async () => (await counts(page)).answered).toBeGreaterThan(answered)
})

test('it waits while the server is away', async ({ page, server }) => {
  await begin(page, server)
  await expect(page.getByTestId('negatives')).toHaveText('1')
  await server.kill()
  await expect(ring(page)).toContainText('waits for the server')
  await stands(page)
  await server.start('--no-model')
  const { answered } = await counts(page)
  await expect.poll(async () => (await counts(page)).answered).toBeGreaterThan(answered)
})

test('it waits for a picture that takes its time', async ({ page, server }) => {
  await server.start('--no-model')
  await page.addInitScript(() => localStorage.setItem('sluice-auto-seconds', '0.5'))
  // Every picture but the first is held up until it is let through.
  let letThrough = () => {}
  const gate = new Promise<void>((resolve) => {
    letThrough = resolve
  })
  let first = true
  await page.route('**/images/**', async (route) => {
    if (!first) await gate
    first = false
    await route.continue()
  })
  await open(page, server.address)
  await page.keyboard.press('a')
  await expect(page.getByTestId('negatives')).toHaveText('1')
  await expect(ring(page)).toContainText('waits for the picture')
  await stands(page)
  // No key answers what nobody sees.
  await page.keyboard.press('j')
  expect((await counts(page)).answered).toBe(1)
  letThrough()
  await expect(page.getByTestId('negatives')).toHaveText('2')
})

test('slower and faster are one key each, and remembered', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('a')
  await expect(ring(page)).toContainText('no after 2 s')
  await page.keyboard.press('[')
  await expect(ring(page)).toContainText('no after 2.5 s')
  for (let step = 0; step < 30; step++) await page.keyboard.press('[')
  await expect(ring(page)).toContainText('no after 10 s')
  await page.keyboard.press(']')
  await expect(ring(page)).toContainText('no after 8 s')
  await page.reload()
  await ready(page)
  // It never begins by itself.
  await expect(ring(page)).toBeHidden()
  await page.keyboard.press('a')
  await expect(ring(page)).toContainText('no after 8 s')
})

test('a pause stops the time and the keys', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('Space')
  await expect(page.getByRole('heading', { name: 'Paused' })).toBeVisible()
  await page.keyboard.press('f')
  await page.waitForTimeout(800)
  await page.keyboard.press('Space')
  await page.keyboard.press('f')
  await expect(page.getByTestId('answered')).toHaveText('1')
  await saved(page)
  // The pause was no time of looking.
  expect(server.answers()[0]?.seen.shown_ms).toBeLessThan(750)
})
