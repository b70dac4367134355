import { describe, expect, it } from 'vitest'
import type { Answer, ImageId, Queue, ToPage } from '../protocol'
import { type Action, expectedCounts, initial, reduce, type State, unsaved } from './state'

const queue = (ranking: number, ...images: ImageId[]): ToPage => ({
  type: 'queue',
  ranking,
  behind: 0,
  items: images.map((image) => ({ image, probability: image / 100 })),
})
const received = (message: ToPage): Action => ({ type: 'received', message })
const answered = (id: string, answer: Answer): Action => ({
  type: 'answered',
  id,
  answer,
  source: 'manual',
  shownMs: 1,
})
const run = (...actions: Action[]): State => actions.reduce(reduce, initial)
const line = ({ current, upcoming }: State) => [current, ...upcoming].map((shown) => shown?.image)

describe('the queue', () => {
  it('shows the first and lines up the rest', () => {
    expect(line(run(received(queue(1, 5, 6, 7))))).toEqual([5, 6, 7])
  })

  it('never swaps the picture on the screen', () => {
    const state = run(received(queue(1, 5, 6, 7)), received(queue(2, 9, 7, 8)))
    expect(line(state)).toEqual([5, 9, 7, 8])
    expect(state.current?.ranking).toBe(1)
    expect(state.upcoming[0]?.ranking).toBe(2)
  })

  it('does not bring back what was just answered', () => {
    const state = run(
      received(queue(1, 5, 6)),
      answered('a', 'positive'),
      received(queue(1, 5, 6, 7)),
    )
    expect(line(state)).toEqual([6, 7])
  })

  it('is exhausted when the server has nothing more', () => {
    const state = run(received(queue(1, 5)), answered('a', 'skip'), received(queue(2)))
    expect([state.current, state.exhausted]).toEqual([null, true])
  })

  it('leaves out what the browser could not show', () => {
    const broken: Action = { type: 'unreadable', image: 5 }
    const state = run(received(queue(1, 5, 6)), broken, received(queue(2, 5, 6, 7)))
    expect(line(state)).toEqual([6, 7])
  })
})

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
    expect(line(state)).toEqual([5, 6])
    expect(state.pending).toEqual([])
    expect(state.notices[0]?.text).toContain('the disk is full')
  })

  it('count as soon as they are given', () => {
    const statistics = { positives: 2, negatives: 3, skipped: 1 } as Extract<
      ToPage,
      { type: 'statistics' }
    >
    const state = run(
      received({ ...statistics, type: 'statistics' }),
      received(queue(1, 5, 6, 7)),
      answered('a', 'positive'),
      answered('b', 'skip'),
    )
    expect(expectedCounts(state)).toEqual({ positives: 3, negatives: 3, answered: 8 })
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

describe('undo and redo', () => {
  const ack = (image: ImageId): Action =>
    received({ type: 'ack', id: 'u', seq: 1, look: { image, answer: 'positive', counts: false } })
  const redone = (image: ImageId): Action =>
    received({ type: 'ack', id: 'r', seq: 2, look: { image, answer: 'positive', counts: true } })

  it('bring the image back; the one on the screen comes next', () => {
    expect(line(run(received(queue(1, 6, 7)), ack(5)))).toEqual([5, 6, 7])
  })

  it('lead on when the image on the screen has its answer again', () => {
    expect(line(run(received(queue(1, 6, 7)), ack(5), redone(5)))).toEqual([6, 7])
    expect(line(run(received(queue(1, 6, 7)), redone(5)))).toEqual([6, 7])
  })

  it('keep their place when the queue that follows an undo arrives', () => {
    const state = run(received(queue(1, 6, 7)), ack(5), received(queue(2, 5, 6, 7)))
    expect(line(state)).toEqual([5, 6, 7])
  })
})

it('a newer ranking says what the model now thinks of the picture on the screen', () => {
  const later: Queue = { ranking: 3, behind: 2, items: [{ image: 5, probability: 0.9 }] }
  const state = run(received(queue(1, 5)), received({ type: 'queue', ...later }))
  expect(state.current).toEqual({ image: 5, probability: 0.9, ranking: 3 })
  expect(state.behind).toBe(2)
})

describe('without a connection', () => {
  const welcome = (session: string): Action =>
    received({ type: 'welcome', session, question: '?' } as ToPage)
  const lost: Action = { type: 'connection', connection: 'lost' }
  const undone: Action = { type: 'undone offline' }

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
    expect(elsewhere.notices[0]?.text).toContain('1 answers of the other one')
  })
})
