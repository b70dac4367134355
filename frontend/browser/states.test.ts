// Every state of the page, dark and light, large and small: nothing is inaccessible, nothing is cut off.
// With SLUICE_SCREENSHOTS=DIR a picture of each is kept, to be looked at.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type Page } from '@playwright/test'
import violations from './axe'
import { answerNext, foretold, open, saved } from './page'
import { type Server, test } from './server'

const FOLDER = process.env.SLUICE_SCREENSHOTS

const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
  // What is left of a small laptop's page at 200 %.
  zoomed: { width: 640, height: 400 },
  '4k': { width: 3840, height: 2160 },
}

type Reach = (page: Page, server: Server) => Promise<void>

const annotating: Reach = async (page, server) => {
  await server.start()
  await open(page, server.address)
  for (const key of 'fjjjfj') await answerNext(page, key)
  await saved(page)
  // The picture on the screen may have come before there was a model.
  await expect(async () => {
    await answerNext(page, 'j')
    await expect(page.getByTestId('probability')).toContainText('%', { timeout: 500 })
  }).toPass()
}

const STATES: Record<string, Reach> = {
  'first visit': async (page, server) => {
    await server.start('--no-model')
    await page.goto(server.address)
    await expect(page.getByRole('dialog')).toBeVisible()
  },
  annotating,
  charts: async (page, server) => {
    await annotating(page, server)
    for (const group of ['Learning', 'Pace'])
      await page.locator('summary', { hasText: group }).click()
    for (const chart of [/^Loss of the model/, /^Time on screen/])
      await expect(page.getByRole('img', { name: chart })).toBeVisible()
    await page.getByRole('button', { name: 'Table: Positives found' }).click()
    await expect(page.getByRole('table')).toBeVisible()
  },
  'history and correction': async (page, server) => {
    await annotating(page, server)
    await page.keyboard.press('h')
    const entries = page.getByRole('button', { name: /^Image \d+:/ })
    await expect(entries.nth(5)).toBeVisible()
    await entries.nth(2).click()
    await expect(page.locator('.correcting')).toBeVisible()
  },
  auto: async (page, server) => {
    await annotating(page, server)
    await page.addInitScript(() => localStorage.setItem('sluice-auto-seconds', '10'))
    await page.reload()
    await expect(page.locator('.picture img')).toBeVisible()
    await page.keyboard.press('a')
    await expect(page.getByTestId('ring')).toContainText('no after 10 s')
  },
  paused: async (page, server) => {
    await annotating(page, server)
    await page.keyboard.press('Space')
    await expect(page.getByRole('heading', { name: 'Paused' })).toBeVisible()
  },
  keys: async (page, server) => {
    await annotating(page, server)
    await page.keyboard.press('?')
    await expect(page.getByRole('dialog')).toBeVisible()
  },
  'the model labels the rest': async (page, server) => {
    await server.start()
    await open(page, server.address)
    await foretold(page)
    await page.keyboard.press('e')
    const dialog = page.getByRole('dialog', { name: 'Let the model label the rest' })
    await expect(dialog.getByRole('img', { name: /^Right and found/ })).toBeVisible()
    await dialog.getByRole('checkbox', { name: 'Yes from … on' }).check()
    await dialog.getByRole('spinbutton', { name: 'Yes from, in per cent' }).fill('50')
    await dialog.getByRole('checkbox', { name: 'No up to …' }).check()
    await dialog.getByRole('spinbutton', { name: 'No up to, in per cent' }).fill('49.9')
    await dialog.getByRole('button', { name: /^Label \d+ images?$/ }).click()
    await expect(dialog.getByRole('button', { name: 'Yes, label them' })).toBeVisible()
  },
  away: async (page, server) => {
    await annotating(page, server)
    await server.kill()
    await answerNext(page, 'j')
    await expect(page.locator('.away')).toBeVisible()
  },
  'away, nothing to show': async (page, server) => {
    await annotating(page, server)
    await server.kill()
    await expect(page.locator('.away')).toBeVisible()
    const away = page.getByRole('heading', { name: 'The server is away' })
    while (!(await away.isVisible())) await page.keyboard.press('j')
    // What was fetched beforehand could be answered, and nothing else was.
    await expect(page.getByTestId('connection')).toContainText(/\d to send/)
  },
  finished: async (page, server) => {
    await server.start('--no-model')
    await open(page, server.address)
    for (let number = 0; number < 60; number++) await answerNext(page, number % 9 ? 'j' : 'f')
    await expect(page.getByRole('heading', { name: 'Every image is answered' })).toBeVisible()
    await saved(page)
  },
  replay: async (page, server) => {
    await annotating(page, server)
    await page.keyboard.press('h')
    await server.kill()
    await server.replay('--until', '+1h')
    await page.goto(server.address)
    await expect(page.getByTestId('replay-look')).toBeVisible()
    await page.keyboard.press('ArrowLeft')
    await expect(page.locator('.picture:not(.loading) img')).toBeVisible()
    await page.getByRole('slider', { name: 'Moment of the session' }).hover()
    await expect(page.locator('.pointed')).toBeVisible()
  },
  'without the panel': async (page, server) => {
    await annotating(page, server)
    await page.keyboard.press('p')
    await expect(page.getByRole('complementary')).toBeHidden()
  },
}

for (const [state, reach] of Object.entries(STATES)) {
  test(`the state '${state}' is accessible and whole`, async ({ page, server }) => {
    await reach(page, server)
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport)
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme })
        // What fades in has done so.
        await page.waitForTimeout(size === 'desktop' ? 1300 : 100)
        expect(await violations(page), `${size}, ${colorScheme}`).toEqual([])
        const overflowing = await page.evaluate(() =>
          [
            document.documentElement,
            ...document.querySelectorAll('.panel, .header, .footer, .finish'),
          ]
            .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
            .map(({ className, localName }) => `${localName}.${className}`),
        )
        expect(overflowing, `sideways at ${size}`).toEqual([])
        if (!FOLDER) continue
        mkdirSync(FOLDER, { recursive: true })
        const name = `${state.replace(/\W+/g, '-')}-${size}-${colorScheme}.png`
        await page.screenshot({ path: join(FOLDER, name) })
      }
    }
  })
}
