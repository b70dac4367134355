import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { whenShown } from './shown'

let frames: (() => void)[] = []
let decoded = () => {}
let broke = () => {}
let told = 0

/** A frame is drawn, and all that follows it is done. */
const frame = async () => {
  for (const begin of frames.splice(0)) begin()
  await vi.advanceTimersByTimeAsync(0)
}
const put = () => {
  const decode = () =>
    new Promise<void>((resolve, reject) => {
      decoded = resolve
      broke = () => reject(new Error('broken'))
    })
  return whenShown({ decode } as HTMLImageElement, () => told++)
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('requestAnimationFrame', (begin: () => void) => frames.push(begin))
  frames = []
  told = 0
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('tells after the frame of a picture that was decoded beforehand, not before', async () => {
  put()
  decoded()
  await vi.advanceTimersByTimeAsync(50)
  expect(told).toBe(0)
  for (const begin of frames.splice(0)) begin()
  expect(told).toBe(0)
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toBe(1)
  await frame()
  expect(told).toBe(1)
})

it('waits for the frame after the decoding', async () => {
  put()
  await frame()
  await frame()
  decoded()
  await vi.advanceTimersByTimeAsync(50)
  expect(told).toBe(0)
  await frame()
  expect(told).toBe(1)
})

it('tells nothing of a picture that failed or was called off', async () => {
  put()
  broke()
  await frame()
  put()()
  decoded()
  await frame()
  await frame()
  expect(told).toBe(0)
})
