import { expect, it } from 'vitest'
import { elapsed, run, stop, zero } from './stopwatch'

it('counts only while it runs', () => {
  let watch = run(zero, 100)
  expect(elapsed(watch, 150)).toBe(50)
  watch = stop(watch, 200)
  expect(elapsed(watch, 9000)).toBe(100)
  watch = run(watch, 1000)
  expect(elapsed(watch, 1010)).toBe(110)
})

it('running twice and stopping twice change nothing', () => {
  const watch = run(run(zero, 100), 150)
  expect(elapsed(watch, 200)).toBe(100)
  expect(elapsed(stop(stop(watch, 200), 300), 400)).toBe(100)
})

it('never counts backwards', () => {
  expect(elapsed(run(zero, 100), 90)).toBe(0)
})
