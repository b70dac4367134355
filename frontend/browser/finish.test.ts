// The model labels the rest as one step: what it would mean, doing it, checking it, and taking it back.

import { expect, type Locator, type Page } from '@playwright/test'
import violations from './axe'
import { answerNext, counts, foretold, open, saved, shown } from './page'
import { type Server, test } from './server'

const NAME = 'Let the model label the rest'
const dialogue = (page: Page) => page.getByRole('dialog', { name: NAME })
const labelButton = (dialog: Locator) => dialog.getByRole('button', { name: /^Label \d+ images?$/ })

/** A session whose model has shown how right it is. */
async function begin(page: Page, server: Server): Promise<void> {
  await server.start()
  await open(page, server.address)
  await foretold(page)
}

/** Opens it, and lets every image become yes or no, whatever the model thinks of it; how many that are. */
async function openForAll(page: Page): Promise<number> {
  await page.keyboard.press('e')
  const dialog = dialogue(page)
  await choose(dialog, 'Yes from … on', 'Yes from, in per cent', '50')
  await choose(dialog, 'No up to …', 'No up to, in per cent', '49.9')
  await expect(dialog).toContainText(/\d+ images? becomes? yes, \d+ no, 0 stay for you/)
  await expect(labelButton(dialog)).toBeEnabled()
  return Number(/\d+/.exec((await labelButton(dialog).textContent()) ?? '')?.[0])
}

async function choose(dialog: Locator, name: string, field: string, text: string): Promise<void> {
  await dialog.getByRole('checkbox', { name }).check()
  await dialog.getByRole('spinbutton', { name: field }).fill(text)
}

async function label(page: Page): Promise<void> {
  await labelButton(dialogue(page)).click()
  await dialogue(page).getByRole('button', { name: 'Yes, label them' }).click()
}

test('it is opened by key and by button, and hides the picture from every key', async ({
  page,
  server,
}) => {
  await begin(page, server)
  const dialog = dialogue(page)
  const before = await counts(page)
  await page.keyboard.press('e')
  await expect(dialog).toContainText(/images? becomes? yes/)
  for (const key of ['f', 'j', 'Backspace', 'p']) await page.keyboard.press(key)
  expect(await counts(page)).toEqual(before)
  // What a key opens it closes again.
  await page.keyboard.press('e')
  await expect(dialog).toBeHidden()

  const button = page.getByRole('button', { name: /^Finish/ })
  await button.focus()
  await page.keyboard.press('Enter')
  await expect(dialog).toContainText(/images? becomes? yes/)
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(button).toBeFocused()
  await answerNext(page, 'j')
  await expect(page.getByTestId('answered')).toHaveText(String(before.answered + 1))
})

test('without a model there is nothing to open it by', async ({ page, server }) => {
  await server.start('--no-model')
  await open(page, server.address)
  await expect(page.getByRole('button', { name: /^Finish/ })).toHaveCount(0)
  await page.keyboard.press('e')
  const dialog = page.getByRole('dialog', { name: 'Imported labels' })
  await expect(dialog).toContainText('None: no label came from a file')
  await expect(dialog.getByRole('slider')).toHaveCount(0)
})

test('thresholds are moved by slider and by field, and what they mean follows', async ({
  page,
  server,
}) => {
  await begin(page, server)
  const all = await openForAll(page)
  const dialog = dialogue(page)
  const [slider, field] = [
    dialog.getByRole('slider', { name: 'Yes from', exact: true }),
    dialog.getByRole('spinbutton', { name: 'Yes from, in per cent' }),
  ]
  await expect(slider).toHaveValue('50')
  await slider.focus()
  await page.keyboard.press('ArrowRight')
  await expect(field).toHaveValue('50.1')
  await expect(slider).toHaveAttribute('aria-valuetext', '50.1 %')
  await field.focus()
  await page.keyboard.press('ArrowDown')
  await expect(field).toHaveValue('50.0')
  await expect(slider).toHaveValue('50')
  await expect(labelButton(dialog)).toHaveText(`Label ${all} image${all === 1 ? '' : 's'}`)

  // What contradicts itself is said, and can't be done.
  await field.fill('10')
  await expect(dialog).toContainText('has to end below')
  await expect(labelButton(dialog)).toHaveCount(0)
  await field.fill('50')
  await expect(labelButton(dialog)).toBeEnabled()
  for (const name of ['Yes from … on', 'No up to …'])
    await dialog.getByRole('checkbox', { name }).uncheck()
  await expect(dialog).toContainText('Turn on what is to become')
})

test('the model labels, the least sure is corrected, and the step is taken back', async ({
  page,
  server,
}) => {
  await begin(page, server)
  const before = await counts(page)
  const labels = await openForAll(page)
  expect(labels).toBeGreaterThan(1)
  const dialog = dialogue(page)
  // It is asked once more, and a no is a no.
  await labelButton(dialog).click()
  await expect(dialog).toContainText('as one step')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(labelButton(dialog)).toBeFocused()
  expect(await counts(page)).toEqual(before)
  await label(page)
  await expect(dialog.getByRole('status')).toContainText(
    new RegExp(`^The model labelled ${labels} images as step 1, \\d+ as yes\\.$`),
  )
  await expect(page.getByTestId('answered')).toHaveText(String(before.answered + labels))
  await expect(dialog.locator('[data-step="1"]')).toContainText(
    'The model: yes from 50.0 % on, no up to 49.9 %',
  )

  await dialog.getByRole('button', { name: 'Check the least sure' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('combobox', { name: 'Answers to show' })).toHaveValue('model')
  const entries = page.getByRole('button', { name: /^Image \d+:.*by the model/ })
  await expect(entries).toHaveCount(labels)
  const image = await entries.first().getAttribute('data-image')
  const wasYes = /: yes,/.test((await entries.first().getAttribute('aria-label')) ?? '')
  const { positives } = await counts(page)
  await entries.first().click()
  await expect(page.locator('.correcting')).toContainText(
    `The model's label: ${wasYes ? 'yes' : 'no'}`,
  )
  expect(await shown(page)).toBe(image)
  await answerNext(page, wasYes ? 'j' : 'f')
  await saved(page)
  await expect(entries).toHaveCount(labels - 1)
  await expect(page.getByTestId('positives')).toHaveText(String(positives + (wasYes ? -1 : 1)))
  await expect(page.getByTestId('answered')).toHaveText(String(before.answered + labels))

  await page.keyboard.press('e')
  const step = dialog.locator('[data-step="1"]')
  await step.getByRole('button', { name: /^Take back step 1/ }).click()
  await expect(step).toContainText('Answers that people have given since stay.')
  await step.getByRole('button', { name: 'Yes, take it back' }).click()
  await expect(dialog.getByRole('status')).toContainText('Step 1 is taken back.')
  await expect(step).toContainText('taken back')
  await expect(step.getByRole('button')).toHaveCount(0)
  // The correction stays.
  await expect(page.getByTestId('answered')).toHaveText(String(before.answered + 1))
  const corrected = server.answers().filter((answer) => String(answer.image) === image)
  expect(corrected.map(({ label }) => label)).toEqual([wasYes ? 'negative' : 'positive'])
})

test('a picture at the edge is shown to be answered, and the thresholds wait', async ({
  page,
  server,
}) => {
  await begin(page, server)
  const before = await counts(page)
  await openForAll(page)
  const dialog = dialogue(page)
  const picture = dialog.getByRole('button', { name: /Show it to answer$/ }).first()
  const image = await picture.getAttribute('data-image')
  await picture.click()
  await expect(dialog).toBeHidden()
  await expect.poll(() => shown(page)).toBe(image)
  await answerNext(page, 'j')
  await saved(page)
  await expect(page.getByTestId('answered')).toHaveText(String(before.answered + 1))
  expect(server.answers().at(-1)).toMatchObject({ image: Number(image), label: 'negative' })
  await page.keyboard.press('e')
  const field = dialog.getByRole('spinbutton', { name: 'No up to, in per cent' })
  await expect(field).toHaveValue('49.9')
})

test('what the server refuses is said where the person is', async ({ page, server }) => {
  await page.routeWebSocket(/\/ws$/, (line) => {
    const beyond = line.connectToServer()
    line.onMessage((text) => {
      const said = JSON.parse(String(text))
      if (said.type !== 'finish') return beyond.send(text)
      const why = 'the disk is full; nothing was labelled'
      line.send(JSON.stringify({ type: 'refused', id: said.id, why, retry: false }))
    })
  })
  await begin(page, server)
  const before = await counts(page)
  await openForAll(page)
  await label(page)
  const dialog = dialogue(page)
  await expect(dialog.getByRole('alert')).toHaveText(
    'Not done: the disk is full; nothing was labelled.',
  )
  await expect(labelButton(dialog)).toBeEnabled()
  expect(await counts(page)).toEqual(before)
})

test('a step outlives the connection that broke before its end', async ({ page, server }) => {
  // The first time, the page never hears what came of it.
  let heard = false
  let finish = ''
  await page.routeWebSocket(/\/ws$/, (line) => {
    const beyond = line.connectToServer()
    let isBroken = false
    line.onMessage((text) => {
      const said = JSON.parse(String(text))
      if (said.type === 'finish') {
        if (finish) heard = true
        else finish = said.id
        expect(said.id).toBe(finish)
      }
      beyond.send(text)
    })
    beyond.onMessage((text) => {
      const said = JSON.parse(String(text))
      if (said.type === 'ack' && said.id === finish && !heard) {
        isBroken = true
        line.close()
        beyond.close()
      }
      if (!isBroken) line.send(text)
    })
  })
  await begin(page, server)
  const before = await counts(page)
  const labels = await openForAll(page)
  await label(page)
  const dialog = dialogue(page)
  await expect(dialog.getByRole('status')).toContainText(`The model labelled ${labels} images`)
  expect(heard).toBe(true)
  await expect(page.getByTestId('answered')).toHaveText(String(before.answered + labels))
  await expect(dialog.locator('[data-step]')).toHaveCount(1)
})

for (const colorScheme of ['dark', 'light'] as const) {
  test(`everything in it is accessible in ${colorScheme}`, async ({ page, server }) => {
    await page.emulateMedia({ colorScheme })
    await begin(page, server)
    await openForAll(page)
    const dialog = dialogue(page)
    await expect(dialog.getByRole('img', { name: /^Right and found, \d+/ })).toBeVisible()
    await dialog.getByRole('button', { name: 'Table: Right and found' }).click()
    await expect(dialog.getByRole('table', { name: 'Right and found' })).toBeVisible()
    expect(await violations(page)).toEqual([])
    await label(page)
    await expect(dialog.getByRole('status')).toContainText('The model labelled')
    await dialog.getByRole('button', { name: /^Take back step 1/ }).click()
    expect(await violations(page)).toEqual([])
  })
}
