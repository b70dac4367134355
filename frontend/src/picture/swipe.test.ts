import { expect, it } from 'vitest'
import { decision, type Sample, swipe } from './swipe'

/** A finger that goes evenly from the start to a point, one sample in 10 ms. */
const drawn = (x: number, y: number, ms: number): Sample[] => {
  const steps = Math.ceil(ms / 10)
  return Array.from({ length: steps + 1 }, (_, step) => ({
    x: 50 + (x * step) / steps,
    y: 70 + (y * step) / steps,
    at: 1000 + (ms * step) / steps,
  }))
}
const slowly = (x: number, y: number, width = 1000) => decision(drawn(x, y, 2000), width, 3000)
const fast = (x: number, y: number, ms = 60) => decision(drawn(x, y, ms), 1000, 1000 + ms)

it('says yes to the right, no to the left, skip upwards, nothing downwards', () => {
  expect([slowly(200, 10), slowly(-200, 10), slowly(10, -200), slowly(10, 200)]).toEqual([
    'positive',
    'negative',
    'skip',
    null,
  ])
  expect(fast(0, 300)).toBeNull()
})

it('answers beyond 120 pixels, or a quarter of a narrow stage, and not at them', () => {
  expect([slowly(120, 0), slowly(121, 0)]).toEqual([null, 'positive'])
  expect([slowly(-80, 0, 320), slowly(-81, 0, 320)]).toEqual([null, 'negative'])
  expect([slowly(0, -80, 320), slowly(0, -81, 320)]).toEqual([null, 'skip'])
})

it('answers a fast flick that went 40 pixels', () => {
  expect([fast(45, 0), fast(-45, 0), fast(0, -45)]).toEqual(['positive', 'negative', 'skip'])
  expect(fast(39, 0, 20)).toBeNull()
  expect(fast(50, 0, 100)).toBeNull()
})

it('does not take for a flick what rests before it is lifted, or turns back', () => {
  const path = drawn(60, 0, 60)
  expect(decision(path, 1000, 1060)).toBe('positive')
  expect(decision(path, 1000, 1400)).toBeNull()
  const back = [...path, { x: 95, y: 70, at: 1080 }]
  const further = [...drawn(110, 0, 300), { x: 95, y: 70, at: 1320 }]
  expect(decision(further, 1000, 1320)).toBeNull()
  expect(decision(back, 1000, 1200)).toBeNull()
})

it('says nothing without a way', () => {
  expect(decision([], 1000, 0)).toBeNull()
  expect(decision([{ x: 1, y: 1, at: 0 }], 1000, 0)).toBeNull()
  expect(swipe([], 1000)).toEqual({ x: 0, y: 0, said: null, share: 0 })
})

it('lets the picture follow, and tells how far it is', () => {
  expect(swipe(drawn(60, 20, 100), 1000)).toEqual({ x: 60, y: 0, said: 'positive', share: 0.5 })
  expect(swipe(drawn(9, -240, 100), 1000)).toEqual({ x: 9, y: -240, said: 'skip', share: 1 })
  expect(swipe(drawn(5, 90, 100), 1000)).toEqual({ x: 5, y: 0, said: null, share: 0 })
})
