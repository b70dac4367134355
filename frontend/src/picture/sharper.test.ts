import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { PAUSE_MS, Sharper } from './sharper'

/** Pictures that were asked for; a test says what becomes of each. */
let asked: Fetched[] = []

class Fetched {
  src = ''
  removeAttribute = () => {
    this.src = ''
  }
  decoded = () => {}
  broke = () => {}

  constructor() {
    asked.push(this)
  }

  decode = () =>
    new Promise<void>((resolve, reject) => {
      this.decoded = resolve
      this.broke = () => reject(new Error('broken'))
    })
}

let told: string[] = []
let sharper: Sharper

const addresses = () => asked.map(({ src }) => src)
const settle = () => vi.advanceTimersByTimeAsync(PAUSE_MS)

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('Image', Fetched)
  asked = []
  told = []
  sharper = new Sharper((image, detail) => `/${image} ${detail}`, {
    arrived: ({ src }, detail) => told.push(`${src} as ${detail}`),
    failed: () => told.push('failed'),
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('fetches once what a zoom ends at, and hands it over decoded', async () => {
  sharper.want(5, 2048)
  sharper.want(5, 4096)
  sharper.want(5, 4096)
  await settle()
  sharper.want(5, 2048)
  await settle()
  expect(addresses()).toEqual(['/5 4096'])
  expect(told).toEqual([])
  asked[0]?.decoded()
  await settle()
  expect(told).toEqual(['/5 4096 as 4096'])
})

it('hands over only the most that was wanted', async () => {
  sharper.want(5, 4096)
  await settle()
  sharper.want(5, 'original')
  await settle()
  asked[0]?.decoded()
  asked[1]?.decoded()
  await settle()
  expect(told).toEqual(['/5 original as original'])
})

it('drops what belongs to a picture that is gone', async () => {
  sharper.want(5, 4096)
  await settle()
  sharper.drop()
  sharper.want(6, 4096)
  sharper.drop()
  await settle()
  asked[0]?.decoded()
  await settle()
  // Its fetch was given up.
  expect([addresses(), told]).toEqual([[''], []])
  // Also if the person comes back to it.
  sharper.want(5, 4096)
  await settle()
  expect(told).toEqual([])
})

it('tells of a failure and tries again when it is wanted again', async () => {
  sharper.want(5, 4096)
  await settle()
  asked[0]?.broke()
  await settle()
  sharper.want(5, 4096)
  await settle()
  expect([addresses(), told]).toEqual([['/5 4096', '/5 4096'], ['failed']])
})
