import { expect, it } from 'vitest'
import type { History, HistoryLook } from '../protocol'
import {
  disagreed,
  filters,
  hasMore,
  labelOf,
  MOST,
  moved,
  nothing,
  ofFilter,
  orders,
} from './looks'

const look = (more: Partial<HistoryLook> = {}): HistoryLook => ({
  seq: 9,
  image: 17,
  answer: 'positive',
  source: 'manual',
  probability: null,
  corrected: false,
  set_aside: false,
  ...more,
})

const history = (looks: number, total: number): History => ({
  filter: 'all',
  looks: Array.from({ length: looks }, (_, seq) => look({ seq })),
  total,
})

it('says of an answer all that the strip shows', () => {
  expect(labelOf(look({ probability: 0.123 }))).toBe(
    'Image 17: yes, by key; the model said 12 %. Show again to correct',
  )
  expect(labelOf(look({ answer: 'negative', source: 'timeout', corrected: true }))).toBe(
    'Image 17: no, corrected, when the time was up. Show again to correct',
  )
  expect(labelOf(look({ answer: 'skip', set_aside: true }))).toBe(
    "Image 17: skipped, by key. It can't be shown any more",
  )
})

it('knows where the model had said otherwise, as the server does', () => {
  const said = (answer: HistoryLook['answer'], probability: number | null) =>
    disagreed(look({ answer, probability }))
  expect([said('positive', 0.49), said('negative', 0.5)]).toEqual([true, true])
  expect([said('positive', 0.5), said('negative', 0.49)]).toEqual([false, false])
  expect([said('skip', 0.9), said('positive', null), said('negative', 0)]).toEqual([
    false,
    false,
    false,
  ])
})

it('does not show answers of another filter than the chosen one', () => {
  const known = history(1, 1)
  expect(ofFilter(known, 'all')).toBe(known)
  expect(ofFilter(known, 'skip')).toBeNull()
  expect(ofFilter(null, 'all')).toBeNull()
})

it('tells an empty session from a filter that nothing passes', () => {
  expect([nothing('all'), nothing('disagreement')]).toEqual(['No answers yet.', 'None of these.'])
  expect(nothing('model')).toContain('only the model')
})

it('offers more as long as the server has more to tell', () => {
  expect(hasMore(history(60, 61))).toBe(true)
  expect(hasMore(history(60, 60))).toBe(false)
  expect(hasMore(history(MOST, 9000))).toBe(false)
})

it('shows what the model labelled, the least sure first', () => {
  expect([filters.model, orders.model, orders.all]).toEqual([
    'By the model',
    'The least sure label of the model first',
    'The newest answer first',
  ])
  expect(labelOf(look({ source: 'model', probability: 0.904 }))).toBe(
    'Image 17: yes, by the model; the model said 90 %. Show again to correct',
  )
})

it('moves by the arrows and stays in the row', () => {
  expect([moved('ArrowRight', 0, 3), moved('ArrowRight', 2, 3)]).toEqual([1, 2])
  expect([moved('ArrowLeft', 1, 3), moved('ArrowLeft', 0, 3)]).toEqual([0, 0])
  expect([moved('Home', 2, 3), moved('End', 0, 3)]).toEqual([0, 2])
  expect([moved('Enter', 1, 3), moved('Tab', 1, 3), moved('End', 0, 0)]).toEqual([null, null, null])
})
