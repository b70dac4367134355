import { beforeEach, expect, it, vi } from 'vitest'
import { follow, held } from './kept'
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
const ids = (session: string) => held(session).map(({ id }) => id)

it('keeps what is not durable, and forgets it when it is', () => {
  const [a, b] = [answer('a'), answer('b', { givenAt: 2 })]
  follow('s', [], [a, b])
  expect(ids('s')).toEqual(['a', 'b'])
  follow('s', [a, b], [{ ...a, seq: 9 }, b])
  expect(ids('s')).toEqual(['b'])
  follow('s', [b], [])
  expect(entries.size).toBe(0)
})

it('what comes back is what was given, and may have been sent', () => {
  follow('s', [], [answer('a')])
  expect(held('s')).toEqual([answer('a', { sent: true })])
})

it('follows a late key that changed the answer', () => {
  const before = answer('a', { answer: 'negative', source: 'timeout', held: true })
  follow('s', [], [before])
  follow('s', [before], [answer('a')])
  expect(held('s')[0]).toMatchObject({ answer: 'positive', source: 'manual', held: false })
})

it('the oldest comes first, whatever the order of the entries', () => {
  const answers = [3, 1, 2].map((givenAt) => answer(`at ${givenAt}`, { givenAt }))
  follow('s', [], answers)
  expect(ids('s')).toEqual(['at 1', 'at 2', 'at 3'])
})

it('sessions are kept apart, also those whose names begin alike', () => {
  follow('s', [], [answer('a')])
  follow('s2', [], [answer('b')])
  expect([ids('s'), ids('s2'), ids('')]).toEqual([['a'], ['b'], []])
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
    entries.set(`sluice-answer s ${key}`, text ?? '')
    expect(held('s')).toEqual([])
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
  follow('s', [], [answer('a')])
  expect(held('s')).toEqual([])
})
