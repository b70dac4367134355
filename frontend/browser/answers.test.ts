// No answer is lost, doubled or put elsewhere, whatever happens to the page, the server and the line between them.

import { expect, type Page } from '@playwright/test'
import { answerNext, counts, open, ready, saved, shown } from './page'
import { type Logged, test } from './server'

/** Answers so many pictures as fast as the browser takes the keys; what was answered, in order. */
const typeFast = (page: Page, many: number, pauseMs = 0) =>
  page.evaluate(
    async ({ many, pauseMs }) => {
      const typed: [string, string][] = []
      while (typed.length < many) {
        const place = document.querySelector('.picture')
        const image = place?.getAttribute('data-image')
        const picture = place?.querySelector('img')
        if (!image || !picture?.complete) {
          await new Promise(requestAnimationFrame)
          continue
        }
        const key = typed.length % 3 === 0 ? 'f' : typed.length % 7 === 0 ? 's' : 'j'
        window.dispatchEvent(new KeyboardEvent('keydown', { key }))
        // The page draws after the key; a key before that would be for the same picture.
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
        if (document.querySelector('.picture')?.getAttribute('data-image') !== image)
          typed.push([image, key])
      }
      return typed
    },
    { many, pauseMs },
  )

const said = ({ type, label }: Logged) =>
  type === 'Skipped' ? 's' : label === 'positive' ? 'f' : 'j'
const logged = (answers: Logged[]) => answers.map((answer) => [String(answer.image), said(answer)])

test.describe('in a larger pool', () => {
  test.use({ images: 540 })

  test('500 answers as fast as the browser takes them', async ({ page, server }) => {
    await server.start('--no-model')
    await open(page, server.address)
    const typed = await typeFast(page, 500)
    await saved(page)
    await expect(page.getByTestId('answered')).toHaveText('500')
    const answers = server.answers()
    expect(logged(answers)).toEqual(typed)
    expect(new Set(answers.map(({ command }) => command)).size).toBe(500)
  })

  test('the server is killed and comes back under a typing person', async ({ page, server }) => {
    await server.start('--no-model')
    await open(page, server.address)
    const typing = typeFast(page, 200, 50)
    await expect.poll(async () => (await counts(page)).answered).toBeGreaterThan(20)
    await server.kill()
    // The person goes on meanwhile.
    await expect(page.getByTestId('connection')).toContainText(/[2-9] to send/)
    await server.start('--no-model')
    await expect.poll(async () => (await counts(page)).answered).toBeGreaterThan(60)
    await server.kill()
    expect((await counts(page)).answered).toBeLessThan(200)
    await server.start('--no-model')
    const typed = await typing
    await saved(page)
    expect(logged(server.answers())).toEqual(typed)
  })
})

test('answers outlive the page that could not send them', async ({ page, context, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answerNext(page, 'f')
  await saved(page)
  await server.kill()
  await expect(page.getByTestId('connection')).toContainText('no connection')
  const typed: [string | null, string][] = []
  for (const key of 'jfs') {
    typed.push([await shown(page), key])
    await answerNext(page, key)
  }
  await expect(page.getByTestId('connection')).toContainText('3 to send')
  await page.close()

  await server.start('--no-model')
  const again = await context.newPage()
  await open(again, server.address)
  await saved(again)
  await expect(again.getByTestId('answered')).toHaveText('4')
  expect(logged(server.answers()).slice(1)).toEqual(typed)
  // They were sent once and for all.
  await again.reload()
  await saved(again)
  await expect(again.getByTestId('answered')).toHaveText('4')
  expect(server.answers()).toHaveLength(4)
})

test('answers of another session wait for it', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await server.kill()
  await expect(page.getByTestId('connection')).toContainText('no connection')
  await answerNext(page, 'f')
  server.use(1)
  await server.start('--no-model')
  await expect(page.getByRole('alert')).toContainText('another session')
  await expect(page.getByTestId('answered')).toHaveText('0')
  await server.kill()
  server.use(0)
  await server.start('--no-model')
  await saved(page)
  await expect(page.getByTestId('answered')).toHaveText('1')
  expect(server.answers()).toHaveLength(1)
})

test('two tabs answer different pictures', async ({ page, context, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  const other = await context.newPage()
  await open(other, server.address)
  // Both show the same picture at first; one answers it, the other skips over what it has not seen.
  for (const key of 'fjjj') await answerNext(page, key)
  await saved(page)
  await expect(other.getByTestId('answered')).toHaveText('4')
  const before = server.answers().map(({ image }) => String(image))
  await answerNext(other, 's')
  expect(before).not.toContain(await shown(other))
  for (const key of 'jj') await answerNext(other, key)
  await saved(other)
  const images = server.answers().map(({ image }) => image)
  // The one that both had on the screen was answered twice: once by each.
  expect([images.length, new Set(images).size]).toEqual([7, 6])
  await expect(page.getByTestId('answered')).toHaveText('6')
})

test('a reload in the middle goes on in the middle', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  for (const key of 'fjjs') await answerNext(page, key)
  const next = await shown(page)
  await page.reload()
  await ready(page)
  await expect(page.getByTestId('answered')).toHaveText('4')
  expect(await shown(page)).toBe(next)
  await page.keyboard.press('Backspace')
  await expect(page.getByTestId('answered')).toHaveText('3')
})

test('an undo that the server has not heard is done when it is back', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await answerNext(page, 'f')
  await saved(page)
  server.freeze()
  const image = await shown(page)
  await answerNext(page, 'j')
  await page.keyboard.press('Backspace')
  // Which picture comes back is not known yet: no key answers another one.
  await page.keyboard.press('j')
  await expect(page.getByTestId('connection')).toContainText('saving 1')
  await server.kill()
  await server.start('--no-model')
  await saved(page)
  await expect.poll(() => shown(page)).toBe(image)
  await expect(page.getByTestId('answered')).toHaveText('1')
  await answerNext(page, 's')
  await saved(page)
  expect(logged(server.answers()).slice(1)).toEqual([
    [image, 'j'],
    [image, 's'],
  ])
})

test('a server that hangs is noticed, and nothing is lost', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  server.freeze()
  await answerNext(page, 'f')
  await expect(page.getByTestId('connection')).toContainText('no connection; 1 to send')
  await answerNext(page, 'j')
  server.thaw()
  await saved(page)
  await expect(page.getByTestId('answered')).toHaveText('2')
  expect(server.answers()).toHaveLength(2)
})

test('a server that hangs over an undo is noticed, too: keys wait for it', async ({
  page,
  server,
}) => {
  await server.start('--no-model')
  await open(page, server.address)
  const image = await shown(page)
  await answerNext(page, 'f')
  await saved(page)
  server.freeze()
  await page.keyboard.press('Backspace')
  await expect(page.getByTestId('connection')).toContainText('no connection')
  server.thaw()
  await expect(page.getByTestId('answered')).toHaveText('0')
  // The server had done it before the line was given up: the picture that is back comes next.
  await answerNext(page, 'j')
  await expect(page.getByTestId('answered')).toHaveText('1')
  await expect.poll(() => shown(page)).toBe(image)
})
