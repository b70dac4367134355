import { expect, it } from 'vitest'
import { DEFAULT_S, faster, LONGEST_S, readSeconds, SHORTEST_S, slower } from './pace'

it('steps from one end to the other and back, and no further', () => {
  let seconds = SHORTEST_S
  const up = new Set<number>()
  for (let step = 0; step < 40; step++) {
    up.add(seconds)
    seconds = slower(seconds)
  }
  expect(seconds).toBe(LONGEST_S)
  const down = new Set<number>()
  for (let step = 0; step < 40; step++) {
    down.add(seconds)
    seconds = faster(seconds)
  }
  expect(seconds).toBe(SHORTEST_S)
  expect([...down].reverse()).toEqual([...up])
  expect(up.size).toBeGreaterThan(10)
})

it('steps from a time between two steps', () => {
  expect([slower(1.1), faster(1.1)]).toEqual([1.2, 1])
})

it('keeps to what can be', () => {
  expect(readSeconds('0.8')).toBe(0.8)
  for (const kept of [null, '', 'x', '0', '11', '-1', 'NaN', '1e9'])
    expect(readSeconds(kept)).toBe(DEFAULT_S)
})
