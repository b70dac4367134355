import { expect, it } from 'vitest'
import { duration, percent } from './format'

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
