import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Countdown, type Running, SILENCE_MS, type Situation } from './countdown'

let ranOut: number[] = []
let running: Running | null = null
let countdown: Countdown

const free: Situation = { obstacle: null, image: 7, limitMs: 2000, waitingSince: null }
const update = (change: Partial<Situation> = {}) => countdown.update({ ...free, ...change })
const pass = (ms: number) => vi.advanceTimersByTime(ms)

beforeEach(() => {
  vi.useFakeTimers()
  ranOut = []
  countdown = new Countdown(
    () => performance.now(),
    (image) => ranOut.push(image),
    (now) => {
      running = now
    },
  )
})

afterEach(() => {
  vi.useRealTimers()
})

it('runs out once, after its time, for the picture on the screen', () => {
  update()
  pass(1999)
  expect(ranOut).toEqual([])
  pass(1)
  expect(ranOut).toEqual([7])
  pass(10_000)
  expect(ranOut).toEqual([7])
})

it('begins anew with each picture', () => {
  update()
  pass(1500)
  update({ image: 8 })
  pass(1999)
  expect(ranOut).toEqual([])
  pass(1)
  expect(ranOut).toEqual([8])
})

it('news that changes nothing neither stops it nor gives it time', () => {
  update()
  for (let step = 0; step < 20; step++) {
    pass(100)
    update()
  }
  expect(ranOut).toEqual([7])
})

for (const obstacle of [
  'off',
  'paused',
  'hidden',
  'covered',
  'offline',
  'nothing',
  'loading',
  'correcting',
  'swiping',
  'undoing',
  'refused',
] as const) {
  it(`stands while ${obstacle}, and gives the whole time afterwards`, () => {
    update()
    pass(1999)
    update({ obstacle })
    expect(running?.obstacle).toBe(obstacle)
    pass(100_000)
    expect(ranOut).toEqual([])
    update()
    expect(running?.obstacle).toBeNull()
    pass(1999)
    expect(ranOut).toEqual([])
    pass(1)
    expect(ranOut).toEqual([7])
  })
}

it('does not run without a picture', () => {
  update({ image: null })
  pass(100_000)
  expect(ranOut).toEqual([])
})

it('waits when the server has not answered for a second, and only then', () => {
  update({ waitingSince: performance.now() })
  pass(SILENCE_MS - 1)
  expect(running?.obstacle).toBeNull()
  pass(1)
  expect(running?.obstacle).toBe('server')
  pass(100_000)
  expect(ranOut).toEqual([])
  update()
  pass(2000)
  expect(ranOut).toEqual([7])
})

it('a server that answers in time does not hold it up', () => {
  update({ waitingSince: performance.now() })
  pass(900)
  update()
  pass(1100)
  expect(ranOut).toEqual([7])
})

it('another speed begins anew', () => {
  update()
  pass(1500)
  update({ limitMs: 1600 })
  pass(1599)
  expect(ranOut).toEqual([])
  pass(1)
  expect(ranOut).toEqual([7])
})
