import { expect, it } from 'vitest'
import { hasNumbers, rowToTell, told } from '../panel/charts/kind'
import type { CurvePoint } from '../protocol'
import { columnsOf, curve } from './curve'

const interval = (low: number, likely: number, high: number) => ({ low, likely, high })
const points: CurvePoint[] = [
  {
    threshold: 0.99,
    images: 7,
    precision: interval(0.98, 0.99, 1),
    recall: interval(0.4, 0.42, 0.45),
  },
  {
    threshold: 0.934,
    images: 412,
    precision: interval(0.93, 0.96, 0.98),
    recall: interval(0.97, 0.99, 1),
  },
  {
    threshold: 0.0003,
    images: 18_000,
    precision: interval(0.02, 0.03, 0.04),
    recall: interval(1, 1, 1),
  },
]
const columns = columnsOf(points)
const at = (mark: number | null, pointed: number | null = null) =>
  told(curve, columns, rowToTell(curve, columns, pointed, mark))

it('has a column for everything that the server says', () => {
  expect(columns.map((column) => column[1])).toEqual([
    ...[412, 0.934],
    ...[0.96, 0.93, 0.98],
    ...[0.99, 0.97, 1],
  ])
  expect(columns).toHaveLength(curve.columns.length)
})

it('draws each of the two with the band that it lies in', () => {
  const drawn = curve.columns.flatMap(({ name, drawn }) =>
    drawn?.between ? [[name, ...drawn.between]] : [],
  )
  expect(drawn).toEqual([
    ['right', 3, 4],
    ['found', 6, 7],
  ])
  const ends = drawn.flatMap(([, ...between]) => between.map((end) => curve.columns[Number(end)]))
  expect(ends.map((column) => column?.name)).toEqual([
    ...['right, at least', 'right, at most'],
    ...['found, at least', 'found, at most'],
  ])
})

it('tells what is chosen, with its range, unless somebody points elsewhere', () => {
  const chosen =
    '412 images yes: from 93.4 %; right 96 % (93 % to 98 %); found 99 % (97 % to 100 %)'
  expect([at(412), at(500)]).toEqual([chosen, chosen])
  expect(at(412, 0)).toBe(
    '7 images yes: from 99.0 %; right 99 % (98 % to 100 %); found 42 % (40 % to 45 %)',
  )
  // Without a choice it is all of them.
  expect(at(null)).toMatch(/^18.000 images yes: from 0\.03 %/)
})

it('has nothing to draw without a point', () => {
  expect([hasNumbers(curve, columns), hasNumbers(curve, columnsOf([]))]).toEqual([true, false])
})
