import { expect, type Page } from '@playwright/test'
import violations from './axe'
import { answerNext, counts, open, ready, saved, shown } from './page'
import { type Server, test } from './server'

/** Answers with these keys; the pictures in their order. */
async function answered(page: Page, keys: string): Promise<(string | null)[]> {
  const pictures: (string | null)[] = []
  for (const key of keys) {
    await ready(page)
    pictures.push(await shown(page))
    await page.keyboard.press(key)
  }
  await saved(page)
  return pictures
}

async function replayed(page: Page, server: Server, ...more: string[]): Promise<void> {
  await server.kill()
  await server.replay(...more)
  await open(page, server.address)
}

const look = (page: Page) => page.getByTestId('replay-look')

/** Which answers light up from now on, and what is said of them on the picture. */
async function lightsUp(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = []
    Object.assign(window, { seen })
    let before: Element | null = null
    const look = () => {
      const lit = document.querySelector('.button.lit')
      const given = document.querySelector('.given')
      if (lit && !before) seen.push(`${lit.textContent?.split(' ')[0]}: ${given?.textContent}`)
      before = lit
    }
    const all = { subtree: true, childList: true, attributes: true }
    new MutationObserver(look).observe(document.body, all)
  })
  return () => page.evaluate(() => Reflect.get(window, 'seen') as string[])
}

test('a session is seen again look by look, and no key changes it', async ({ page, server }) => {
  await server.start()
  await open(page, server.address)
  const pictures = await answered(page, 'fjjsfj')
  await replayed(page, server)
  await expect(look(page)).toHaveText('look 0 of 6')
  await expect(page.getByTestId('connection')).toHaveText('replay')
  expect(await shown(page)).toBe(pictures[0])
  // No key answers, and the buttons look it.
  for (const key of ['f', 'j', 's', 'Backspace', 'Control+z', 'e', 'a'])
    await page.keyboard.press(key)
  await expect(page.getByRole('button', { name: /^Yes/ })).toBeDisabled()
  await expect(page.getByRole('dialog')).toBeHidden()
  expect(await counts(page)).toEqual({ answered: 0, positives: 0 })

  const lit = await lightsUp(page)
  for (const [at, picture] of pictures.entries()) {
    await expect.poll(() => shown(page)).toBe(picture)
    await page.keyboard.press('ArrowRight')
    await expect(look(page)).toHaveText(`look ${at + 1} of 6`)
    await expect(page.getByTestId('answered')).toHaveText(String(at + 1))
    await expect(page.locator('.button.lit')).toHaveCount(0)
  }
  expect(await lit()).toEqual([
    'Yes: yes',
    'No: no',
    'No: no',
    'Skip: skipped',
    'Yes: yes',
    'No: no',
  ])
  expect(await counts(page)).toEqual({ answered: 6, positives: 2 })
  for (const [at, picture] of [...pictures.entries()].reverse()) {
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => shown(page)).toBe(picture)
    await expect(page.getByTestId('answered')).toHaveText(String(at))
  }
  expect(await violations(page)).toEqual([])
  expect(server.answers().map(({ image }) => String(image))).toEqual(pictures)
})

test('it plays to its end, faster and slower, and is gone to anywhere', async ({
  page,
  server,
}) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answered(page, 'fjjf')
  await replayed(page, server, '--speed', '0.001')
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible()
  await page.keyboard.press('Space')
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible()
  const speed = page.getByLabel('Speed')
  for (const told of ['0.5×', '1×', '2×', '4×', '8×', '16×', '32×', '64×']) {
    await page.keyboard.press(']')
    await expect(speed).toHaveText(told)
  }
  const faster = page.getByRole('button', { name: 'Faster' })
  await expect(faster).toBeDisabled()
  await expect(faster).toHaveAttribute('aria-keyshortcuts', ']')
  await page.keyboard.press('Space')
  await expect(look(page)).toHaveText('look 4 of 4')
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible()
  await expect(page.getByTestId('answered')).toHaveText('4')
  await page.keyboard.press('[')
  await expect(speed).toHaveText('32×')
  // The picture is zoomed as ever.
  for (const key of ['-', '+', '0']) await page.keyboard.press(key)
  await expect(speed).toHaveText('32×')

  const scrubber = page.getByRole('slider', { name: 'Moment of the session' })
  await scrubber.focus()
  await page.keyboard.press('Home')
  await expect(page.getByTestId('answered')).toHaveText('0')
  await page.keyboard.press('End')
  await expect(page.getByTestId('answered')).toHaveText('4')
  await page.keyboard.press('ArrowLeft')
  await expect(look(page)).toHaveText('look 3 of 4')
  await expect(scrubber).toHaveAttribute('aria-valuetext', /^look 3 of 4, \d{4}-\d\d-\d\d \d\d:/)
  const box = await scrubber.boundingBox()
  if (!box) throw new Error('it is not there')
  await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2)
  await expect(page.locator('.pointed')).toContainText('look 4 of 4')
  await page.mouse.down()
  await page.mouse.up()
  await expect(look(page)).toHaveText('look 4 of 4')
  // The strip leads to where an answer was given.
  await page.keyboard.press('h')
  const entries = page.getByRole('button', { name: /^Image \d+:/ })
  await expect(entries).toHaveCount(4)
  await expect(entries.last()).toHaveAccessibleName(/Go to this answer$/)
  const first = await entries.last().getAttribute('data-image')
  await entries.last().click()
  await expect(look(page)).toHaveText('look 0 of 4')
  expect(await shown(page)).toBe(first)
  await expect(entries).toHaveCount(0)
})

test('what a page has not sent is not sent to a replay, and not lost', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answered(page, 'fj')
  await server.kill()
  await expect(page.getByTestId('connection')).toContainText('no connection')
  await answerNext(page, 'f')
  await expect(page.getByTestId('connection')).toContainText('1 to send')
  await server.replay('--until', '+1h')
  await expect(look(page)).toHaveText('look 2 of 2')
  await expect(page.getByText('kept in this browser until it is open here again')).toBeVisible()
  expect(server.answers()).toHaveLength(2)
  await server.kill()
  await server.start('--no-model')
  await page.reload()
  await expect(page.getByTestId('answered')).toHaveText('3')
  await saved(page)
  expect(server.answers()).toHaveLength(3)
})

test('pictures that are gone are said to be, and it goes on', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answered(page, 'fjj')
  server.takePoolAway()
  await server.kill()
  await server.replay()
  await page.goto(server.address)
  await expect(page.getByRole('heading', { name: "The picture can't be shown" })).toBeVisible()
  await expect(page.getByText(/^This picture is not in .* any more/)).toBeVisible()
  await page.keyboard.press('ArrowRight')
  await expect(look(page)).toHaveText('look 1 of 3')
  await expect(page.getByTestId('answered')).toHaveText('1')
  server.bringPoolBack()
  await ready(page)
})
