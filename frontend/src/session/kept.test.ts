import { beforeEach, expect, it, vi } from 'vitest'
import { follow, forgetPage, leftBy, pagesOf } from './kept'
import type { Pending } from './state'

let entries: Map<string, string>

beforeEach(() => {
  entries = new Map()
  vi.stubGlobal('localStorage', {
    get length() {
      return entries.size
    },
    key: (at: number) => [...entries.keys()][at] ?? null,
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => entries.set(key, value),
    removeItem: (key: string) => entries.delete(key),
  })
})

const answer = (id: string, more: Partial<Pending> = {}): Pending => ({
  id,
  shown: { image: 5, probability: 0.5, ranking: 1 },
  answer: 'positive',
  source: 'manual',
  shownMs: 700,
  givenAt: 1,
  held: false,
  sent: false,
  seq: null,
  ...more,
})
const ids = (session: string, page = 'p') => leftBy(session, page).map(({ id }) => id)

it('keeps what is not durable, and forgets it when it is', () => {
  const [a, b] = [answer('a'), answer('b', { givenAt: 2 })]
  follow('s', 'p', [], [a, b])
  expect(ids('s')).toEqual(['a', 'b'])
  follow('s', 'p', [a, b], [{ ...a, seq: 9 }, b])
  expect(ids('s')).toEqual(['b'])
  follow('s', 'p', [b], [])
  expect(entries.size).toBe(0)
})

it('what comes back is what was given, and may have been sent', () => {
  follow('s', 'p', [], [answer('a')])
  expect(leftBy('s', 'p')).toEqual([answer('a', { sent: true })])
})

it('does not keep what a late key may still change', () => {
  const before = answer('a', { answer: 'negative', source: 'timeout', held: true })
  follow('s', 'p', [], [before])
  expect(entries.size).toBe(0)
  follow('s', 'p', [before], [answer('a')])
  expect(leftBy('s', 'p')[0]).toMatchObject({ answer: 'positive', source: 'manual', held: false })
})

it('pages are kept apart, and one can be forgotten', () => {
  follow('s', 'p', [], [answer('a')])
  follow('s', 'q', [], [answer('b')])
  follow('t', 'r', [], [answer('c')])
  expect(pagesOf('s').toSorted()).toEqual(['p', 'q'])
  forgetPage('s', 'p')
  expect([pagesOf('s'), ids('s', 'q'), ids('t', 'r')]).toEqual([['q'], ['b'], ['c']])
})

it('the oldest comes first, whatever the order of the entries', () => {
  const answers = [3, 1, 2].map((givenAt) => answer(`at ${givenAt}`, { givenAt }))
  follow('s', 'p', [], answers)
  expect(ids('s')).toEqual(['at 1', 'at 2', 'at 3'])
})

it('sessions are kept apart, also those whose names begin alike', () => {
  follow('s', 'p', [], [answer('a')])
  follow('s2', 'p', [], [answer('b')])
  expect([ids('s'), ids('s2'), pagesOf('')]).toEqual([['a'], ['b'], []])
})

it('rubbish of others is not taken for an answer', () => {
  const whole = JSON.stringify(answer('a'))
  for (const [key, text] of [
    ['x', 'no JSON'],
    ['y', 'null'],
    ['z', '{}'],
    ['another', whole],
    ['a', whole.replace('"image":5', '"image":"5"')],
    ['a', whole.replace('positive', 'perhaps')],
    ['a', whole.replace('manual', 'model')],
  ]) {
    entries.set(`sluice-answer s p ${key}`, text ?? '')
    expect(leftBy('s', 'p')).toEqual([])
  }
})

it('a browser that keeps nothing is no hindrance', () => {
  vi.stubGlobal('localStorage', {
    length: 0,
    setItem: () => {
      throw new Error('full')
    },
    removeItem: () => {},
  })
  follow('s', 'p', [], [answer('a')])
  expect(leftBy('s', 'p')).toEqual([])
})
