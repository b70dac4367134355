// The charts of the panel: they follow the answers, their numbers can be read and taken along, and who does not see
// them does not ask for them.

import { readFileSync } from 'node:fs'
import { type Download, expect, type Page } from '@playwright/test'
import type { Charts, ToPage, ToServer } from '../src/protocol'
import violations from './axe'
import { answerNext, open, ready, saved } from './page'
import { test } from './server'

/** What goes over the page's line, both ways; to be called before the page is opened. */
function overhear(page: Page) {
  const sent: ToServer[] = []
  const received: ToPage[] = []
  page.on('websocket', (line) => {
    line.on('framesent', ({ payload }) => sent.push(JSON.parse(String(payload))))
    line.on('framereceived', ({ payload }) => received.push(JSON.parse(String(payload))))
  })
  return {
    /** Whether charts were wanted, each time that it was said. */
    wanted: () => sent.flatMap((said) => (said.type === 'want_charts' ? [said.wanted] : [])),
    /** The newest charts. */
    charts: (): Charts | undefined =>
      received.filter(({ type }) => type === 'charts').at(-1) as Charts,
  }
}

/** Answers like a person, who looks first: the time on the screen is told, too. */
async function answerAll(page: Page, keys: string): Promise<void> {
  for (const key of keys) {
    await ready(page)
    await page.waitForTimeout(60)
    await answerNext(page, key)
  }
  await saved(page)
}

const chart = (page: Page, title: string) => page.getByRole('img', { name: title })
const group = (page: Page, name: string) => page.locator('summary', { hasText: name })

/** The head and the numbers of a file; no number: none. */
async function read(file: Download): Promise<{ head: string; rows: (number | null)[][] }> {
  const lines = readFileSync(await file.path(), 'utf8').split('\r\n')
  expect(lines.pop()).toBe('')
  const [head = '', ...rest] = lines
  const cells = (line: string) => line.split(',').map((cell) => (cell === '' ? null : Number(cell)))
  return { head, rows: rest.map(cells) }
}

async function takeAlong(page: Page, title: string) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: `CSV: ${title}` }).click(),
  ])
  return { name: file.suggestedFilename(), ...(await read(file)) }
}

test('the charts begin with the first answer and follow', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await expect(page.getByText('The charts begin with the first answer.')).toBeVisible()
  await answerAll(page, 'fjjfj')
  const found = chart(page, 'Positives found')
  await expect(found).toHaveAccessibleName(/after 5 looks: found 2;/)
  await expect(found.locator('canvas')).toBeVisible()
  // An undo is a look less.
  await page.keyboard.press('Backspace')
  await expect(found).toHaveAccessibleName(/after 4 looks: found 2;/)
  // Without a model there is nothing to tell of one.
  await expect(group(page, 'Learning')).toHaveCount(0)

  await expect(chart(page, 'Time per look')).toHaveCount(0)
  await group(page, 'Pace').focus()
  await page.keyboard.press('Enter')
  await expect(chart(page, 'Time per look')).toHaveAccessibleName(/after 4 looks: time \d/)
  await expect(chart(page, 'Time on screen')).toHaveAccessibleName(/answers \d/)
  // It stays open.
  await page.reload()
  await expect(chart(page, 'Time on screen')).toBeVisible()
  await group(page, 'Pace').click()
  await expect(chart(page, 'Time on screen')).toHaveCount(0)
})

test('the numbers behind a chart are read in a table and taken along', async ({ page, server }) => {
  const line = overhear(page)
  await server.start('--no-model')
  await open(page, server.address)
  await answerAll(page, 'fjjfjjf')
  await expect(chart(page, 'Positives found')).toHaveAccessibleName(/after 7 looks/)
  await expect.poll(() => line.charts()?.looks.at(-1)).toBe(7)
  const { looks = [], positives = [], times = [] } = line.charts() ?? {}
  expect([looks.at(-1), positives.at(-1)]).toEqual([7, 3])

  await page.getByRole('button', { name: 'Table: Positives found' }).focus()
  await page.keyboard.press('Enter')
  const table = page.getByRole('table', { name: 'Positives found' })
  await expect(table.getByRole('columnheader')).toHaveText(['looks', 'found', 'chance, at least'])
  // One more than looks: it begins at nothing.
  await expect(table.getByRole('rowheader')).toHaveText(['0', ...looks.map(String)])
  await expect(table.locator('td:nth-child(2)')).toHaveText(['0', ...positives.map(String)])
  await page.keyboard.press('Enter')
  await expect(table).toBeHidden()

  const file = await takeAlong(page, 'Positives found')
  expect(file.name).toBe('sluice-positives.csv')
  expect(file.head).toBe('looks,found,"chance, at least"')
  expect(file.rows).toEqual(
    [0, ...looks].map((look, at) => [look, [0, ...positives][at], (3 / 60) * look]),
  )

  await group(page, 'Pace').click()
  const onScreen = await takeAlong(page, 'Time on screen')
  expect(onScreen.head).toBe('longer than (s),up to (s),answers')
  expect(onScreen.rows).toEqual(
    times.map(({ up_to, answers }, at) => [times[at - 1]?.up_to ?? 0, up_to, answers]),
  )
  // The keys answer again at once.
  await answerAll(page, 'j')
  await expect(page.getByTestId('answered')).toHaveText('8')
})

test('a chart is read at any place, by pointer and by keyboard', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answerAll(page, 'fjjf')
  const found = chart(page, 'Positives found')
  const reading = page.locator('.chart .reading').first()
  await expect(reading).toContainText('after 4 looks')
  const box = await found.boundingBox()
  if (!box) throw new Error('there is no chart')
  // Just beside the axis.
  await page.mouse.move(box.x + 40, box.y + box.height / 2)
  await expect(reading).toContainText('after 0 looks')
  await page.mouse.move(10, box.y)
  await expect(reading).toContainText('after 4 looks')

  const reader = page.getByRole('slider', { name: 'Read the chart: Positives found' })
  await reader.focus()
  await page.keyboard.press('ArrowLeft')
  await expect(reader).toHaveAttribute('aria-valuetext', /^after 3 looks: found 1;/)
  await expect(reading).toContainText('after 3 looks')
  await page.keyboard.press('Home')
  await expect(reading).toContainText('after 0 looks')
  // The answers' keys are still theirs.
  await answerAll(page, 'f')
  await expect(page.getByTestId('answered')).toHaveText('5')
  await page.keyboard.press('Tab')
  await expect(reading).toContainText('after 5 looks')
})

test('who does not see the charts does not ask for them', async ({ page, server }) => {
  const line = overhear(page)
  await server.start('--no-model')
  await open(page, server.address)
  await answerAll(page, 'fj')
  await expect(chart(page, 'Positives found')).toHaveAccessibleName(/after 2 looks/)
  expect(line.wanted()).toEqual([true])
  await page.keyboard.press('p')
  await expect.poll(line.wanted).toEqual([true, false])
  await answerAll(page, 'j')
  await page.keyboard.press('p')
  await expect.poll(line.wanted).toEqual([true, false, true])
  await expect(chart(page, 'Positives found')).toHaveAccessibleName(/after 3 looks/)

  // A new connection knows nothing of it.
  await server.kill()
  await server.start('--no-model')
  await expect.poll(line.wanted).toEqual([true, false, true, true])
  await answerAll(page, 'f')
  await expect(chart(page, 'Positives found')).toHaveAccessibleName(/after 4 looks: found 2/)

  // As when another tab comes to the front.
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, hidden)
  await hide(true)
  await expect.poll(line.wanted).toEqual([true, false, true, true, false])
  await hide(false)
  await expect.poll(line.wanted).toEqual([true, false, true, true, false, true])
})

test('a key draws no chart anew', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answerAll(page, 'fjj')
  await expect(chart(page, 'Positives found')).toHaveAccessibleName(/after 3 looks/)
  await page.evaluate(() => {
    const drawing = CanvasRenderingContext2D.prototype
    const { clearRect } = drawing
    document.body.dataset.drawn = '0'
    drawing.clearRect = function (...box) {
      document.body.dataset.drawn = String(Number(document.body.dataset.drawn) + 1)
      clearRect.apply(this, box)
    }
  })
  const drawn = () => page.locator('body').getAttribute('data-drawn')
  // Nothing comes from the server.
  server.freeze()
  await answerNext(page, 'j')
  await expect(page.getByTestId('answered')).toHaveText('4')
  await page.waitForTimeout(300)
  expect(await drawn()).toBe('0')
  server.thaw()
  await expect(chart(page, 'Positives found')).toHaveAccessibleName(/after 4 looks/)
  await expect.poll(drawn).not.toBe('0')
})

for (const colorScheme of ['dark', 'light'] as const) {
  test(`what the model learns is shown, and accessible in ${colorScheme}`, async ({
    page,
    server,
  }) => {
    const line = overhear(page)
    await server.start()
    await page.emulateMedia({ colorScheme })
    await open(page, server.address)
    await answerAll(page, 'fjjjfj')
    await group(page, 'Learning').click()
    await expect(chart(page, 'Loss of the model')).toHaveAccessibleName(/loss \d\.\d{3} nats/)
    // From here on the model has said something before each answer.
    await expect(async () => {
      await answerAll(page, 'j')
      await expect(chart(page, 'Model was right')).toHaveAccessibleName(/right \d+ %/, {
        timeout: 3000,
      })
    }).toPass()
    await expect(chart(page, 'Calibration')).toBeVisible()
    await expect(chart(page, 'Ranking age')).toBeVisible()
    // Probabilities mean something from a few answers of each kind on.
    await answerAll(page, 'fjfjfjfj')
    await expect(async () => {
      await answerAll(page, 'j')
      await expect(page.getByTestId('forecast')).toContainText(/≈ \d+ positives? left/, {
        timeout: 3000,
      })
    }).toPass()
    await expect(page.getByTestId('forecast')).toContainText(
      'only answers to images chosen at random would tell',
    )

    await page.getByRole('button', { name: 'Table: Calibration' }).click()
    await expect(page.getByRole('table', { name: 'Calibration' })).toBeVisible()
    expect(await violations(page)).toEqual([])

    const loss = await takeAlong(page, 'Loss of the model')
    expect(loss.head).toBe('looks,loss (nats)')
    expect(loss.rows.length).toBeGreaterThan(0)
    // Others may have come since the file was made.
    const told = () => line.charts()?.models.map(({ looks, loss }) => [looks, loss])
    await expect.poll(told).toEqual(expect.arrayContaining(loss.rows))
  })
}
