import { describe, expect, it } from 'vitest'
import type { ImageId, ToPage } from '../protocol'
import { answered, line, queue, received, run } from './happened'
import { type Action, reduce } from './reduce'
import { expectedCounts, heldBack, initial, type Pending, unsaved } from './state'

describe('answers', () => {
  it('bring the next picture at once and wait to be acknowledged', () => {
    const state = run(received(queue(1, 5, 6)), answered('a', 'positive'))
    expect(line(state)).toEqual([6])
    expect(state.pending.map(({ id, shown }) => [id, shown.image])).toEqual([['a', 5]])
    const ack: ToPage = { type: 'ack', id: 'a', seq: 9, look: null }
    expect(unsaved(state)).toHaveLength(1)
    expect(unsaved(reduce(state, received(ack)))).toEqual([])
  })

  it('do nothing without a picture', () => {
    expect(run(answered('a', 'positive'))).toEqual(initial)
  })

  it('do not come back when they can never be taken', () => {
    const refused: ToPage = { type: 'refused', id: 'a', why: 'it was set aside', retry: false }
    const state = run(received(queue(1, 5, 6)), answered('a', 'negative'), received(refused))
    expect(line(state)).toEqual([6])
    expect([state.pending, state.notices[0]?.text]).toEqual([[], 'Not saved: it was set aside.'])
  })

  it('come back into view when they were refused, with the reason', () => {
    const refused: ToPage = { type: 'refused', id: 'a', why: 'the disk is full', retry: true }
    const state = run(received(queue(1, 5, 6)), answered('a', 'negative'), received(refused))
    // Not before the eyes at once: a finger on its way down is meant for what is there.
    expect(line(state)).toEqual([6, 5])
    expect(state.pending).toEqual([])
    expect(state.notices[0]?.text).toContain('the disk is full')
    // No ranking pushes it away, and it says what was answered.
    const later = run(
      received(queue(1, 5, 6)),
      answered('a', 'negative'),
      received(refused),
      received(queue(2, 6, 8, 9, 5)),
    )
    expect(line(later)).toEqual([6, 5, 8, 9])
    expect(reduce(later, answered('b', 'positive')).current).toMatchObject({
      image: 5,
      refused: 'negative',
    })
  })

  it('come back before the eyes where nothing else is', () => {
    const refused: ToPage = { type: 'refused', id: 'a', why: 'the disk is full', retry: true }
    const state = run(received(queue(1, 5)), answered('a', 'negative'), received(refused))
    expect(line(state)).toEqual([5])
  })

  it('count as soon as they are given', () => {
    const statistics = { positives: 2, negatives: 3, skipped: 1, looks: 6 } as Extract<
      ToPage,
      { type: 'statistics' }
    >
    const state = run(
      received({ ...statistics, type: 'statistics' }),
      received(queue(1, 5, 6, 7)),
      answered('a', 'positive'),
      answered('b', 'skip'),
    )
    expect(expectedCounts(state)).toEqual({
      positives: 3,
      negatives: 3,
      answered: 8,
      looks: 8,
    })
  })
})

it('an answer is counted once, before and after the statistics know it', () => {
  const statistics = (next_seq: number, positives: number): Action =>
    received({ type: 'statistics', next_seq, positives, negatives: 0, skipped: 0 } as ToPage)
  const ack: ToPage = { type: 'ack', id: 'a', seq: 9, look: null }
  let state = run(statistics(9, 4), received(queue(1, 5, 6)), answered('a', 'positive'))
  expect(expectedCounts(state).positives).toBe(5)
  state = reduce(state, received(ack))
  expect(expectedCounts(state).positives).toBe(5)
  state = reduce(state, statistics(9, 4))
  expect(expectedCounts(state).positives).toBe(5)
  state = reduce(state, statistics(10, 5))
  expect(expectedCounts(state).positives).toBe(5)
})

it('an answer is counted once, also when the statistics know it before its ack', () => {
  const statistics = { type: 'statistics', next_seq: 10, positives: 5, negatives: 0, skipped: 0 }
  const state = run(
    received(queue(1, 5, 6)),
    answered('a', 'positive'),
    received(statistics as ToPage),
    received({ type: 'ack', id: 'a', seq: 9, look: null }),
  )
  expect([expectedCounts(state).positives, state.pending]).toEqual([5, []])
})

describe('without a connection', () => {
  const welcome = (session: string): Action =>
    received({ type: 'welcome', session, question: '?' } as ToPage)
  const lost: Action = { type: 'connection', connection: 'lost' }
  const undone: Action = { type: 'undone here' }

  it('an answer that was never sent can be taken back', () => {
    const state = run(welcome('s'), received(queue(1, 5, 6)), lost, answered('a', 'skip'), undone)
    expect([line(state), state.pending]).toEqual([[5, 6], []])
  })

  it('an answer that may have arrived can not, and that is said', () => {
    const state = run(welcome('s'), received(queue(1, 5, 6)), answered('a', 'skip'), lost, undone)
    expect(unsaved(state)).toHaveLength(1)
    expect(state.notices[0]?.text).toContain('no connection')
  })

  it('answers wait for the same session and never reach another one', () => {
    const away = [welcome('s'), received(queue(1, 5, 6)), lost, answered('a', 'skip')]
    expect(unsaved(run(...away, welcome('s')))).toHaveLength(1)
    const elsewhere = run(...away, welcome('t'))
    expect([elsewhere.pending, elsewhere.current]).toEqual([[], null])
    expect(elsewhere.notices[0]?.text).toContain('1 unsent answer is kept')
  })
})

describe('auto mode', () => {
  const welcome = received({ type: 'welcome', session: 's', question: '?' } as ToPage)
  const ranOut = [welcome, received(queue(1, 5, 6, 7)), answered('a', 'negative', 'timeout')]

  it('a late key changes the picture before, and leaves the one on the screen', () => {
    const state = run(...ranOut, { type: 'answered late', answer: 'positive' })
    expect(line(state)).toEqual([6, 7])
    expect(state.pending).toHaveLength(1)
    expect(state.pending[0]).toMatchObject({ id: 'a', answer: 'positive', source: 'manual' })
    expect(state.said).toContain('picture before')
  })

  it('what was let go is changed no more', () => {
    const state = run(
      ...ranOut,
      { type: 'let go', id: 'a' },
      { type: 'answered late', answer: 'positive' },
    )
    expect(heldBack(state)).toBeNull()
    expect(state.pending[0]).toMatchObject({ answer: 'negative', source: 'timeout', sent: true })
  })

  it('what was let go without a connection waits like any other', () => {
    const lost: Action = { type: 'connection', connection: 'lost' }
    const state = run(...ranOut, lost, { type: 'let go', id: 'a' })
    expect([heldBack(state), state.pending[0]?.sent]).toEqual([null, false])
    expect(line(reduce(state, { type: 'undone here' }))).toEqual([5, 6, 7])
  })

  it('an undo in time takes the answer of the clock back without the server', () => {
    const state = run(...ranOut, { type: 'undone here' })
    expect([line(state), state.pending, state.notices]).toEqual([[5, 6, 7], [], []])
  })

  it('only the answers of the clock are held back', () => {
    const state = run(welcome, received(queue(1, 5, 6)), answered('a', 'negative'))
    expect([heldBack(state), state.pending[0]?.sent]).toEqual([null, true])
  })
})

describe('answers that an earlier page left behind', () => {
  const left = (id: string, image: ImageId): Pending => ({
    id,
    shown: { image, probability: null, ranking: 1 },
    answer: 'positive',
    source: 'manual',
    shownMs: 1,
    givenAt: 1,
    held: false,
    sent: true,
    seq: null,
  })
  const adopted = (...answers: Pending[]): Action => ({ type: 'left behind', answers })

  it('come first, once, and their images are not shown again', () => {
    const state = run(
      received(queue(1, 5, 6, 7)),
      answered('b', 'skip'),
      adopted(left('a', 6), left('b', 5)),
    )
    expect(state.pending.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(line(state)).toEqual([7])
    expect(state.notices[0]?.text).toContain('An answer that an earlier page could not send')
  })

  it('are gone when the server has them', () => {
    const ack: ToPage = { type: 'ack', id: 'a', seq: 4, look: null }
    const statistics = { type: 'statistics', next_seq: 5, positives: 1, negatives: 0, skipped: 0 }
    const state = run(adopted(left('a', 6)), received(ack), received(statistics as ToPage))
    expect(state.pending).toEqual([])
  })
})
