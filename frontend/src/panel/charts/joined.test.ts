import { expect, it } from 'vitest'
import { apart, isJoined } from './joined'

type Numbers = (number | null)[]
/** The rows that a line leads to. */
const joined = (xs: Numbers, ys: Numbers) =>
  xs.map((_, row) => row).filter((row) => isJoined(xs, ys, row))

it('a line leads from each point to the next', () => {
  const [xs, ys] = [
    [1, 2, 4],
    [0.5, 0.4, 0],
  ]
  expect([joined(xs, ys), apart(xs, ys)]).toEqual([[1, 2], []])
})

it('it has gaps where there is nothing, and what is alone stands for itself', () => {
  const xs = [1, 2, 3, 4, 5, 6, 7]
  const ys = [null, 0.5, null, 0.4, 0.3, null, 0.2]
  expect([joined(xs, ys), apart(xs, ys)]).toEqual([[4], [1, 6]])
  expect([joined([3], [0.5]), apart([3], [0.5])]).toEqual([[], [0]])
  expect([joined([], []), apart([], [])]).toEqual([[], []])
})

it('it does not go up and down where several points share a place', () => {
  const xs = [4, 9, 9, 9, 12, 15, 15]
  const ys = [0.7, 0.2, 0.6, 0.3, 0.4, 0.5, 0.1]
  // It comes to the first of them and goes on from the last.
  expect([joined(xs, ys), apart(xs, ys)]).toEqual([
    [1, 4, 5],
    [1, 2, 3, 5, 6],
  ])
})
