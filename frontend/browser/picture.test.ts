import { expect, type Page } from '@playwright/test'
import { open, ready, shown } from './page'
import { test } from './server'

/** Where the picture is drawn. */
async function box(page: Page) {
  const found = await page.locator('.picture img').boundingBox()
  if (!found) throw new Error('there is no picture')
  return found
}

test('zoom by key and wheel, pan by mouse, and back', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  const fitted = await box(page)
  await page.keyboard.press('+')
  await page.keyboard.press('+')
  expect((await box(page)).width).toBeGreaterThan(fitted.width * 1.4)
  await page.keyboard.press('0')
  expect((await box(page)).width).toBeCloseTo(fitted.width, 0)

  // The wheel keeps what is under the pointer where it is.
  const [x, y] = [fitted.x + fitted.width / 2 + 60, fitted.y + fitted.height / 2 + 40]
  const under = async () => {
    const { x: left, y: top, width, height } = await box(page)
    return [(x - left) / width, (y - top) / height]
  }
  await page.mouse.move(x, y)
  const before = await under()
  await page.mouse.wheel(0, -600)
  await expect.poll(async () => (await box(page)).width).toBeGreaterThan(fitted.width * 1.3)
  const after = await under()
  expect(after[0]).toBeCloseTo(before[0] ?? 0, 1)
  expect(after[1]).toBeCloseTo(before[1] ?? 0, 1)

  const zoomed = await box(page)
  await page.mouse.down()
  await page.mouse.move(x + 30, y + 20, { steps: 4 })
  await page.mouse.up()
  const moved = await box(page)
  expect([Math.round(moved.x - zoomed.x), Math.round(moved.y - zoomed.y)]).toEqual([30, 20])

  // One pixel of these pictures on one of the screen is 24 wide.
  await page.keyboard.press('1')
  await expect.poll(async () => Math.round((await box(page)).width)).toBe(24)
  await page.keyboard.press('0')
})

test('the zoom stays from picture to picture, the answer keys go on', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await page.keyboard.press('+')
  const { width } = await box(page)
  const first = await shown(page)
  await page.keyboard.press('j')
  await expect.poll(() => shown(page)).not.toBe(first)
  expect((await box(page)).width).toBeCloseTo(width, 0)
})

test('contrast and brightness are remembered, and reset by a double click', async ({
  page,
  server,
}) => {
  await server.start('--no-model')
  await open(page, server.address)
  const filter = () =>
    page.locator('.picture img').evaluate((image) => {
      const parts: string[] = []
      for (let at: Element | null = image; at; at = at.parentElement)
        parts.push(getComputedStyle(at).filter)
      return parts.filter((part) => part !== 'none').join(' ')
    })
  const contrast = page.getByRole('slider', { name: /contrast/i })
  await contrast.focus()
  for (let step = 0; step < 10; step++) await page.keyboard.press('ArrowRight')
  expect(await filter()).toMatch(/contrast\(1\.\d+\)/)
  // A slider takes only its own keys.
  await page.keyboard.press('j')
  await expect(page.getByTestId('answered')).toHaveText('1')
  expect(await filter()).toMatch(/contrast\(1\.\d+\)/)
  await page.reload()
  await ready(page)
  expect(await filter()).toMatch(/contrast\(1\.\d+\)/)
  await page.getByRole('slider', { name: /contrast/i }).dblclick()
  await expect.poll(filter).not.toMatch(/contrast\(1\.\d+\)/)
})

test.describe('by touch', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true })

  /** A finger on the middle of the stage, to be moved and lifted. */
  async function touch(page: Page) {
    const stage = await page.locator('.picture').boundingBox()
    if (!stage) throw new Error('there is no picture')
    const [x, y] = [stage.x + stage.width / 2, stage.y + stage.height / 2]
    const client = await page.context().newCDPSession(page)
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd' | 'touchCancel', at?: object) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] } as never)
    await send('touchStart', { x, y })
    return {
      async move(dx: number, dy: number) {
        for (let step = 1; step <= 8; step++)
          await send('touchMove', { x: x + (dx * step) / 8, y: y + (dy * step) / 8 })
        // It rests before it is lifted, so that it is no flick.
        await page.waitForTimeout(150)
      },
      lift: () => send('touchEnd'),
      cancel: () => send('touchCancel'),
    }
  }

  async function swipe(page: Page, dx: number, dy: number): Promise<void> {
    const finger = await touch(page)
    await finger.move(dx, dy)
    await finger.lift()
  }

  test('swipes answer, and the picture follows the finger', async ({ page, server }) => {
    await server.start('--no-model')
    await open(page, server.address)
    const fitted = await box(page)
    const finger = await touch(page)
    await finger.move(60, 0)
    const followed = await box(page)
    expect(followed.x + followed.width / 2).toBeGreaterThan(fitted.x + fitted.width / 2 + 30)
    await finger.lift()
    // Too short: it springs back and answers nothing.
    await expect.poll(async () => Math.round((await box(page)).x)).toBe(Math.round(fitted.x))
    await expect(page.getByTestId('answered')).toHaveText('0')

    const answers: [string | null, string][] = []
    for (const [dx, dy, key] of [
      [200, 0, 'positive'],
      [-200, 0, 'negative'],
      [0, -250, 'skip'],
    ] as const) {
      const before = await shown(page)
      answers.push([before, key])
      await swipe(page, dx, dy)
      await expect.poll(() => shown(page)).not.toBe(before)
    }
    await expect(page.getByTestId('answered')).toHaveText('3')
    await expect(page.getByTestId('connection')).toHaveText('saved')
    const logged = server
      .answers()
      .map(({ image, type, label }) => [String(image), type === 'Skipped' ? 'skip' : label])
    expect(logged).toEqual(answers)
  })

  test('down does nothing, and neither does a cancelled touch', async ({ page, server }) => {
    await server.start('--no-model')
    await open(page, server.address)
    await swipe(page, 0, 250)
    const finger = await touch(page)
    await finger.move(200, 0)
    await finger.cancel()
    await page.waitForTimeout(300)
    await expect(page.getByTestId('answered')).toHaveText('0')
  })
})
