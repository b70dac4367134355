// From a key to the next picture on the screen, in a real browser. `make bench` runs it; SLUICE_BENCH_POOL names a
// folder of pictures to measure with, besides those of ten megapixels that are made here.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Page, test } from '@playwright/test'
import { open } from './page'
import { Server } from './server'

/** How long a person looks at least before the next key, ms. */
const A_LOOK_MS = 300
const KEYS = 120

interface Times {
  /** Until the next picture stood in its place. */
  placed: number
  /** Until the frame with it had been handed to the screen. */
  painted: number
}

/** Types answers at a fast person's pace and measures each. */
const type = (page: Page, keys: number) =>
  page.evaluate(
    async ({ keys, lookMs }) => {
      const times: Times[] = []
      // A task of its own, without the 4 ms that timers within timers wait at least.
      const { port1, port2 } = new MessageChannel()
      const turn = () =>
        new Promise<void>((resolve) => {
          port1.onmessage = () => resolve()
          port2.postMessage(null)
        })
      const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
      const image = () => document.querySelector('.picture')?.getAttribute('data-image')
      const isThere = () => {
        const picture = document.querySelector<HTMLImageElement>('.picture img')
        return picture?.complete && picture.naturalWidth > 0
      }
      // A person reads what to do before the first key; meanwhile the next ones are fetched.
      await pause(3000)
      for (let number = 0; number < keys && image(); number++) {
        // No key answers what is not there yet.
        while (!isThere()) await pause(10)
        await pause(lookMs)
        const before = image()
        const begun = performance.now()
        window.dispatchEvent(new KeyboardEvent('keydown', { key: number % 5 ? 'j' : 'f' }))
        while (image() === before || !isThere()) await turn()
        const placed = performance.now() - begun
        // The task after a frame's callback comes when that frame has been painted.
        await new Promise(requestAnimationFrame)
        await turn()
        times.push({ placed, painted: performance.now() - begun })
      }
      return times
    },
    { keys, lookMs: A_LOOK_MS },
  )

/** A photograph of ten megapixels, as a camera would write it, made by the browser. */
async function photograph(page: Page, number: number): Promise<Buffer> {
  const data = await page.evaluate(async (number) => {
    const canvas = new OffscreenCanvas(3872, 2592)
    const context = canvas.getContext('2d')
    if (!context) throw new Error('no canvas')
    for (let stroke = 0; stroke < 4000; stroke++) {
      context.fillStyle = `hsl(${(stroke * 37 + number * 90) % 360} 60% ${20 + (stroke % 60)}%)`
      context.fillRect((stroke * 977) % 3872, (stroke * 613) % 2592, 20 + (stroke % 300), 60)
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })
    return Array.from(new Uint8Array(await blob.arrayBuffer()))
  }, number)
  return Buffer.from(data)
}

const at = (values: number[], share: number) =>
  [...values].sort((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? 0

function print(name: string, times: Times[]): void {
  const columns = (['placed', 'painted'] as const).map((what) => {
    const values = times.map((time) => time[what])
    return [0.5, 0.99].map((share) => at(values, share).toFixed(1).padStart(7)).join(' ')
  })
  console.log(
    `| ${name.padEnd(34)} | ${String(times.length).padStart(4)} | ${columns.join(' | ')} |`,
  )
}

test('from key to picture', async ({ page, browserName }) => {
  test.setTimeout(600_000)
  console.log(
    `\nFrom a key to the next picture, ms (${browserName}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}; one key each ${A_LOOK_MS} ms)`,
  )
  console.log('| pictures                           | keys | placed p50, p99 | painted p50, p99 |')
  const large = mkdtempSync(join(tmpdir(), 'sluice-large-'))
  const one = await Promise.all([0, 1, 2, 3].map((number) => photograph(page, number)))
  for (let number = 0; number < 60; number++)
    writeFileSync(join(large, `${number}.jpg`), one[number % one.length] ?? '')
  const pools: [string, string | null][] = [
    ['24 x 24', null],
    ['10 megapixels', large],
  ]
  const own = process.env.SLUICE_BENCH_POOL
  if (own) pools.push([`${own.split('/').at(-1)} (${readdirSync(own).length} entries)`, own])
  for (const [name, pool] of pools) {
    for (const model of [true, false]) {
      const server = new Server(200, pool)
      await server.start(...(model ? [] : ['--no-model']))
      await open(page, server.address)
      print(`${name}${model ? '' : ', no model'}`, await type(page, pool === large ? 50 : KEYS))
      await server.kill()
      server.remove()
    }
  }
  rmSync(large, { recursive: true })
})
