import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ImageId } from '../protocol'
import { AGAIN_MS, address, Preloader, thumbnail } from './preload'

/** Pictures that were asked for, in order; a test says what becomes of each. */
let asked: Fetched[] = []

class Fetched {
  alt = ''
  draggable = true
  src = ''
  onload = () => {}
  onerror = () => {}

  constructor() {
    asked.push(this)
  }

  decode = () => Promise.resolve()
}

let told: string[] = []
let preloader: Preloader

const addresses = () => asked.map(({ src }) => src)
const last = (image: ImageId) => {
  const found = asked.findLast(({ src }) => src === `/${image}`)
  if (!found) throw new Error(`${image} was never asked for`)
  return found
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('Image', Fetched)
  asked = []
  told = []
  preloader = new Preloader((image) => `/${image}`, {
    failed: (image) => told.push(`${image} failed`),
    arrived: (image) => told.push(`${image} arrived`),
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('asks for each picture of the line once, in its order, and shows that very element', () => {
  preloader.keep([5, 6], [])
  preloader.keep([6, 7], [])
  expect(addresses()).toEqual(['/5', '/6', '/7'])
  expect(preloader.picture(6)).toBe(last(6))
})

it('tells of a picture that failed, unless nobody wants it any more', () => {
  preloader.keep([5, 6], [])
  preloader.keep([6], [])
  last(5).onerror()
  last(6).onerror()
  last(6).onload()
  expect(told).toEqual(['6 failed'])
})

it('tries a missing picture again and again, with a pause, until it arrives', () => {
  preloader.keep([], [5])
  for (let tries = 0; tries < 4; tries++) {
    expect(asked).toHaveLength(tries)
    vi.advanceTimersByTime(AGAIN_MS - 1)
    // Neither news from the server nor a slow answer brings a try forward.
    preloader.keep([], [5])
    expect(asked).toHaveLength(tries)
    vi.advanceTimersByTime(1)
    expect(asked).toHaveLength(tries + 1)
    vi.advanceTimersByTime(10 * AGAIN_MS)
    expect(asked).toHaveLength(tries + 1)
    if (tries < 3) last(5).onerror()
  }
  expect(told).toEqual([])
  last(5).onload()
  expect(told).toEqual(['5 arrived'])
  // What was fetched is what is shown.
  preloader.keep([5], [])
  expect(preloader.picture(5)).toBe(last(5))
  expect(asked).toHaveLength(4)
})

it('does not try again what is no longer missing', () => {
  preloader.keep([], [5, 6])
  preloader.keep([], [6])
  vi.advanceTimersByTime(AGAIN_MS)
  preloader.keep([], [])
  last(6).onerror()
  vi.advanceTimersByTime(10 * AGAIN_MS)
  expect(addresses()).toEqual(['/6'])
})

it('asks at once for a missing picture that is wanted on the screen, and tells if it fails', () => {
  preloader.keep([], [5])
  preloader.keep([5], [])
  expect(addresses()).toEqual(['/5'])
  last(5).onerror()
  vi.advanceTimersByTime(10 * AGAIN_MS)
  expect([addresses(), told]).toEqual([['/5'], ['5 failed']])
})

it('addresses a picture of this session, in the detail that is wanted', () => {
  expect(address(5, '0123456789abcdef', 2048)).toBe('/images/5?max=2048&of=01234567')
  expect(address(5, '0123456789abcdef', 'original')).toBe('/images/5?of=01234567')
  expect(thumbnail(5, '0123456789abcdef')).toBe('/images/5?max=160&of=01234567')
})
