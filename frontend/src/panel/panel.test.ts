import { expect, it } from 'vitest'
import { duration, percent } from './format'
import { series } from './series'

it('writes times as people read them', () => {
  expect([0, 59.4, 61, 3600, 7384].map(duration)).toEqual([
    '0 s',
    '59 s',
    '1 min 1 s',
    '1 h 0 min',
    '2 h 3 min',
  ])
})

it('writes shares in per cent', () => {
  expect(percent(0.704)).toBe('70 %')
})

it('draws chance as if nothing were left to find', () => {
  const curve = [
    { looks: 10, positives: 2 },
    { looks: 20, positives: 6 },
  ]
  expect(series(curve, 60)).toEqual([
    [0, 10, 20],
    [0, 2, 6],
    [0, 1, 2],
  ])
  expect(series([], 0)).toEqual([[0], [0], [0]])
})
