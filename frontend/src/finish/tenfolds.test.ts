import { expect, it } from 'vitest'
import { tenfolds } from './tenfolds'

it('has the round numbers between two ends', () => {
  expect(tenfolds(6.4, 66)).toEqual([10, 20, 50])
  expect(tenfolds(1, 100)).toEqual([1, 2, 5, 10, 20, 50, 100])
})

it('has only every tenfold where the ends are far apart', () => {
  expect(tenfolds(0.9, 1_200_000)).toEqual([1, 10, 100, 1000, 10_000, 100_000, 1_000_000])
})

it('has the ends where hardly any round number lies between them', () => {
  expect(tenfolds(20.4, 49.9)).toEqual([21, 49])
  expect(tenfolds(41.2, 59.7)).toEqual([42, 59])
})
