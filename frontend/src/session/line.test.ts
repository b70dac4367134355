import { describe, expect, it } from 'vitest'
import type { ImageId, Queue, ToPage } from '../protocol'
import { answered, line, queue, received, run } from './happened'
import { type Action, reduce } from './reduce'
import type { State } from './state'

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
})

it('a newer ranking says what the model now thinks of the picture on the screen', () => {
  const later: Queue = { ranking: 3, behind: 2, items: [{ image: 5, probability: 0.9 }] }
  const state = run(received(queue(1, 5)), received({ type: 'queue', ...later }))
  expect(state.current).toEqual({ image: 5, probability: 0.9, ranking: 3 })
  expect(state.behind).toBe(2)
})

describe('pictures that are not there', () => {
  const unreadable = (image: ImageId): Action => ({ type: 'unreadable', image })
  const arrived = (image: ImageId): Action => ({ type: 'arrived', image })
  const missing = (state: State) => state.missing.map(({ image }) => image)
  const away = [received(queue(1, 5, 6)), unreadable(6), unreadable(5)]

  it('leave the line, and the queue that still offers them does not bring them back', () => {
    const state = run(received(queue(1, 5, 6, 7)), unreadable(6), received(queue(2, 5, 6, 7, 8)))
    expect([line(state), missing(state)]).toEqual([[5, 7, 8], [6]])
  })

  it('leave nothing to show when all of them are away, and that is said', () => {
    const state = run(...away, received(queue(2, 5, 6)))
    expect([state.current, state.upcoming, state.exhausted]).toEqual([null, [], false])
    expect(missing(state)).toEqual([5, 6])
    expect(state.said).toContain('not there')
  })

  it('come before the eyes when they arrive, and those after them do not swap it', () => {
    const state = run(...away, received(queue(2, 5, 6, 7)), unreadable(7), arrived(6))
    expect([line(state), missing(state)]).toEqual([[6], [5, 7]])
    expect(state.said).toContain('back')
    // As the newest queue said it.
    expect(state.current).toEqual({ image: 6, probability: 0.06, ranking: 2 })
    const all = [arrived(7), arrived(5)].reduce(reduce, state)
    expect([line(all), missing(all)]).toEqual([[6, 7, 5], []])
  })

  it('arrive behind a line that went on without them', () => {
    const state = run(received(queue(1, 5, 6, 7)), unreadable(6), arrived(6))
    expect([line(state), missing(state)]).toEqual([[5, 7, 6], []])
  })

  it('are waited for once, however often they fail', () => {
    const state = run(...away, unreadable(5), unreadable(9))
    expect(missing(state).toSorted()).toEqual([5, 6])
  })

  it('are not waited for when they are set aside, and are shown when they are offered again', () => {
    const aside = run(...away, received(queue(2, 6)))
    expect(missing(aside)).toEqual([6])
    const again = reduce(aside, received(queue(3, 5, 6)))
    expect([line(again), missing(again)]).toEqual([[5], [6]])
  })

  it('are not waited for when the last one on the screen was set aside', () => {
    const state = run(received(queue(1, 5)), received(queue(2)), unreadable(5))
    expect([state.current, state.missing, state.exhausted]).toEqual([null, [], true])
    expect(state.said).toBe('')
  })

  it('are all tried at once after a new connection', () => {
    const welcome = { type: 'welcome', session: 's', question: '?' } as ToPage
    const state = run(received(welcome), ...away, received(welcome), received(queue(2, 5, 6)))
    expect([line(state), missing(state)]).toEqual([[5, 6], []])
  })

  it('are on the screen again when an answer is taken back, and missing when they fail again', () => {
    const look = { image: 5, answer: 'skip', counts: false, now: null } as const
    const undone = run(...away, received({ type: 'ack', id: 'u', seq: 1, look }))
    expect([line(undone), missing(undone)]).toEqual([[5], [6]])
    const failed = reduce(undone, unreadable(5))
    expect([failed.current, missing(failed)]).toEqual([null, [6, 5]])
  })
})

describe('an image that is looked at out of turn', () => {
  const item = { image: 9, probability: 0.51 }
  const begun = [received(queue(1, 5, 6, 7))]

  it('is on the screen to be answered, and the line goes on afterwards', () => {
    const state = run(...begun, { type: 'looked at', item })
    expect(line(state)).toEqual([9, 5, 6, 7])
    expect(state.current).toMatchObject({ image: 9, probability: 0.51, ranking: null })
    expect([state.current?.was, state.said]).toEqual([
      undefined,
      'Image 9 is on the screen, to be answered.',
    ])
    const next = reduce(state, answered('a', 'positive'))
    expect([line(next), next.pending[0]?.shown.image]).toEqual([[5, 6, 7], 9])
    // It was to be answered: there is nothing to be left as it was.
    expect(line(reduce(state, { type: 'left as it was' }))).toEqual([9, 5, 6, 7])
  })

  it('keeps what the line knows of it', () => {
    const later = run(...begun, { type: 'looked at', item: { image: 6, probability: 0.2 } })
    expect([line(later), later.current]).toEqual([
      [6, 5, 7],
      { image: 6, probability: 0.06, ranking: 1 },
    ])
    const there = run(...begun, { type: 'looked at', item: { image: 5, probability: 0.2 } })
    expect([line(there), there.current?.ranking]).toEqual([[5, 6, 7], 1])
  })
})
