import { describe, expect, it } from 'vitest'
import type { Answer, Finish, HistoryLook, ImageId, Queue, Source, ToPage } from '../protocol'
import { type Action, reduce } from './reduce'
import {
  expectedCounts,
  heldBack,
  initial,
  type Pending,
  type State,
  type Step,
  unsaved,
} from './state'

const queue = (ranking: number, ...images: ImageId[]): ToPage => ({
  type: 'queue',
  ranking,
  behind: 0,
  items: images.map((image) => ({ image, probability: image / 100 })),
})
const received = (message: ToPage): Action => ({ type: 'received', message })
const answered = (id: string, answer: Answer, source: Source = 'manual'): Action => ({
  type: 'answered',
  id,
  answer,
  source,
  shownMs: 1,
  at: 1,
  hold: source === 'timeout',
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

describe('undo and redo', () => {
  const ack = (image: ImageId): Action =>
    received({
      type: 'ack',
      id: 'u',
      seq: 1,
      look: { image, answer: 'positive', counts: false, now: null },
    })
  const redone = (image: ImageId): Action =>
    received({
      type: 'ack',
      id: 'r',
      seq: 2,
      look: { image, answer: 'positive', counts: true, now: null },
    })

  it('bring the image back; the one on the screen comes next', () => {
    expect(line(run(received(queue(1, 6, 7)), ack(5)))).toEqual([5, 6, 7])
  })

  it('lead on when the image on the screen has its answer again', () => {
    expect(line(run(received(queue(1, 6, 7)), ack(5), redone(5)))).toEqual([6, 7])
    expect(line(run(received(queue(1, 6, 7)), redone(5)))).toEqual([6, 7])
  })

  it('of a correction bring the image back with the answer that it has again', () => {
    const look = { image: 5, answer: 'negative', counts: false, now: 'positive' } as const
    const state = run(received(queue(1, 6, 7)), received({ type: 'ack', id: 'u', seq: 1, look }))
    expect([line(state), state.current?.was]).toEqual([[5, 6, 7], 'positive'])
    expect(line(reduce(state, { type: 'left as it was' }))).toEqual([6, 7])
  })

  it('of the answer that was to be corrected ends the correction', () => {
    const look = { seq: 1, image: 6, answer: 'skip', source: 'manual' } as HistoryLook
    const again: Action = { type: 'looked at again', look }
    expect(run(received(queue(1, 7)), again, ack(6)).current?.was).toBeUndefined()
  })

  it('are under way until the server has done or refused them', () => {
    const asked: Action = { type: 'asked', asked: { id: 'u', type: 'undo', at: 1 } }
    const state = run(received(queue(1, 6, 7)), asked)
    expect(state.asked).toHaveLength(1)
    expect(reduce(state, ack(5)).asked).toEqual([])
    const refused: ToPage = {
      type: 'refused',
      id: 'u',
      why: 'there is nothing to undo',
      retry: false,
    }
    const next = reduce(state, received(refused))
    expect([next.asked, line(next)]).toEqual([[], [6, 7]])
    expect(next.notices[0]?.text).toBe('Not done: there is nothing to undo.')
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

describe('notices', () => {
  const notice = (text: string): Action => received({ type: 'notice', level: 'warning', text })

  it('stand once, the newest four', () => {
    const state = run(...['a', 'b', 'a', 'c', 'd', 'e', 'd'].map(notice))
    expect(state.notices.map(({ text }) => text)).toEqual(['a', 'c', 'e', 'd'])
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

describe('corrections', () => {
  const look: HistoryLook = {
    seq: 3,
    image: 2,
    answer: 'negative',
    source: 'manual',
    probability: 0.7,
    corrected: false,
    set_aside: false,
  }
  const again: Action = { type: 'looked at again', look }
  const begun = [received(queue(1, 5, 6, 7)), again]

  it('show the image at once, and the line goes on afterwards', () => {
    const state = run(...begun)
    expect(line(state)).toEqual([2, 5, 6, 7])
    expect(state.current?.was).toBe('negative')
    const corrected = reduce(state, answered('a', 'positive'))
    expect(line(corrected)).toEqual([5, 6, 7])
    expect(corrected.pending[0]?.shown.image).toBe(2)
  })

  it('can be left as it was', () => {
    const state = run(...begun, { type: 'left as it was' })
    expect([line(state), state.pending]).toEqual([[5, 6, 7], []])
    // What is there to be answered can't be left.
    expect(line(reduce(state, { type: 'left as it was' }))).toEqual([5, 6, 7])
  })

  it('of two images one after the other do not put the first one in line', () => {
    const state = run(...begun, { type: 'looked at again', look: { ...look, image: 3 } })
    expect(line(state)).toEqual([3, 5, 6, 7])
  })

  it('survive a new ranking, and so does the picture that they interrupted', () => {
    const state = run(...begun, received(queue(2, 8, 9)))
    expect(line(state)).toEqual([2, 5, 8, 9])
    expect(state.current?.was).toBe('negative')
  })

  it('count once, and as a look', () => {
    const [counts, looks] = [{ positives: 4, negatives: 3, skipped: 1 }, 11]
    const statistics = { type: 'statistics', next_seq: 9, ...counts, looks }
    const state = run(received(statistics as ToPage), ...begun, answered('a', 'positive'))
    // No image more was answered, but it was looked at once more.
    const expected = { positives: 5, negatives: 2, answered: 8, looks: 12 }
    expect(expectedCounts(state)).toEqual(expected)
  })

  it('that were refused come back as corrections', () => {
    const refused: ToPage = { type: 'refused', id: 'a', why: 'the disk is full', retry: true }
    const state = run(...begun, answered('a', 'positive'), received(refused))
    expect(line(state)).toEqual([5, 2, 6, 7])
    expect(state.upcoming[0]).toMatchObject({ was: 'negative', refused: 'positive' })
  })
})

describe('corrections of what no person answered', () => {
  const look = (source: Source): HistoryLook => ({
    seq: 3,
    image: 2,
    answer: 'negative',
    source,
    probability: 0.4,
    corrected: false,
    set_aside: false,
  })
  const again = (source: Source) =>
    run(received(queue(1, 5, 6)), { type: 'looked at again', look: look(source) })

  it('say whose label it was', () => {
    expect(again('model').said).toBe("To be corrected. The model's label was no.")
    expect(again('imported').said).toBe('To be corrected. The imported label was no.')
    expect(again('timeout').said).toBe('To be corrected. Your answer was no.')
    expect(again('model').current).toMatchObject({ image: 2, was: 'negative', by: 'model' })
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

describe('a step of many labels', () => {
  const finish = { thresholds: { above: 0.9, below: null }, steps: [] } as unknown as Finish
  const opened: Action = { type: 'finish opened' }
  const closed: Action = { type: 'finish closed' }
  const told = received({ type: 'finish', ...finish })
  const thresholds = { above: 0.9, below: null }
  const step: Step = {
    message: { type: 'finish', id: 'f', thresholds },
    labels: 40,
    after: 2,
    came: null,
  }
  const asked: Action = { type: 'step asked', step }
  const ack: Action = received({ type: 'ack', id: 'f', seq: 9, look: null })
  const refused: Action = received({ type: 'refused', id: 'f', why: 'it is full', retry: false })

  it('is told of while the dialogue is open, and nothing stays of it', () => {
    expect(run(told).finish).toBeNull()
    expect(run(opened, told).finish).toMatchObject(finish)
    expect(run(opened, told, closed)).toEqual(initial)
  })

  it('is under way until it is acknowledged', () => {
    const state = run(opened, asked)
    expect(state.step).toEqual(step)
    expect(reduce(state, ack).step?.came).toEqual({ done: true })
    expect(run(opened, asked, ack, closed).step).toBeNull()
    const other = received({ type: 'ack', id: 'x', seq: 9, look: null })
    expect(reduce(state, other).step).toEqual(step)
  })

  it('goes on when the dialogue is closed, and is there when it is opened again', () => {
    const away = run(opened, asked, closed)
    expect([away.finishing, away.step]).toEqual([false, step])
    expect(reduce(reduce(away, opened), ack).step?.came).toEqual({ done: true })
    // The server's own notice tells of it.
    expect([reduce(away, ack).step, reduce(away, ack).notices]).toEqual([null, []])
  })

  it('is refused where the person is', () => {
    const inside = run(opened, asked, refused)
    expect([inside.step?.came, inside.notices]).toEqual([{ why: 'it is full' }, []])
    const outside = run(opened, asked, closed, refused)
    expect(outside.step).toBeNull()
    expect(outside.notices[0]?.text).toBe('Not done: it is full.')
  })

  it('belongs to its session', () => {
    const welcome = (session: string) =>
      received({ type: 'welcome', session, question: '?' } as ToPage)
    const state = run(welcome('s'), opened, told, asked, welcome('t'))
    expect([state.finishing, state.finish, state.step]).toEqual([true, null, null])
    expect(run(welcome('s'), opened, told, asked, welcome('s')).step).toEqual(step)
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
