import { expect, it } from 'vitest'
import { type Wish, withWish } from './wishes'

const charts = (wanted: boolean): Wish => ({ type: 'want_charts', wanted })
const history = (count: number): Wish => ({ type: 'want_history', count, filter: 'all' })
const after = (...said: Wish[]) => said.reduce<Wish[]>(withWish, [])

it('a wish stands until it is taken back', () => {
  expect(after(charts(true))).toEqual([charts(true)])
  expect(after(charts(true), charts(false))).toEqual([])
  expect(after(history(60), history(0))).toEqual([])
})

it('the newest of its kind counts, and leaves the others alone', () => {
  expect(after(history(60), charts(true), history(120))).toEqual([charts(true), history(120)])
  expect(after(history(60), charts(true), charts(false))).toEqual([history(60)])
})
