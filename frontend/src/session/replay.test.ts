import { describe, expect, it } from 'vitest'
import type { Answer, ImageId, Replay, ReplayedLook, ToPage } from '../protocol'
import { type Action, reduce } from './reduce'
import { initial, type State } from './state'

const received = (message: ToPage): Action => ({ type: 'received', message })
const welcome = (session: string, isReplay: boolean): Action => {
  const span = { moments: [{ seq: 0, time_us: 0, looks: 0 }], steps: [] }
  const replay = isReplay ? span : null
  return received({ type: 'welcome', session, question: '?', replay } as unknown as ToPage)
}
const queue = (...images: ImageId[]): Action =>
  received({
    type: 'queue',
    ranking: 4,
    behind: 2,
    items: images.map((image) => ({ image, probability: image / 100 })),
  })
const look = (seq: number, image: ImageId, answer: Answer = 'positive'): ReplayedLook => ({
  seq,
  image,
  answer,
  probability: 0.75,
})
/** A moment before `next` and behind `given`, of which there were as many as its number says. */
const at = (
  given: ReplayedLook | null,
  next: ReplayedLook | null,
  more: Partial<Replay> = {},
): Action => {
  const seq = given?.seq ?? 0
  const moment = { seq, time_us: seq, looks: seq }
  const stands = { moment, given, next, pause: null, playing: false, speed: 1 }
  return received({ type: 'replay', ...stands, ...more })
}
const over: Action = { type: 'lit for long enough' }

const run = (...actions: Action[]): State => actions.reduce(reduce, initial)
const replayed = (...actions: Action[]) => run(welcome('s-replay', true), ...actions)
const line = ({ current, upcoming }: State) => [current, ...upcoming].map((shown) => shown?.image)

describe('a moment', () => {
  it('shows the picture that was to be answered next, as it was seen, and then what was on offer', () => {
    const state = replayed(queue(5, 6, 7), at(null, look(3, 6)))
    expect(line(state)).toEqual([6, 5, 7])
    expect(state.current?.probability).toBe(0.75)
    expect([state.behind, state.exhausted]).toEqual([2, false])
  })

  it('shows what was on offer where nobody knows what was seen', () => {
    expect(line(replayed(at(null, null), queue(5, 6)))).toEqual([5, 6])
    const state = replayed(at(null, null), queue())
    expect([state.current, state.exhausted]).toEqual([null, true])
  })

  it('that is gone back to is what it was, whatever was shown in between', () => {
    const there = [queue(5, 6, 7), at(null, look(1, 5))]
    const elsewhere = [queue(8, 9), at(look(9, 3), look(10, 9))]
    const { said: _, ...back } = replayed(...there, ...elsewhere, ...there)
    const { said: __, ...first } = replayed(...there)
    expect(back).toEqual(first)
  })

  it('of a session that takes answers is none', () => {
    const state = run(welcome('s', false), queue(5, 6), at(null, look(3, 6)))
    expect([line(state), state.replay]).toEqual([[5, 6], null])
  })
})

describe('an answer', () => {
  const before = [queue(5, 6), at(null, look(1, 5))]

  it('lights up on its picture before the next one comes', () => {
    const given = replayed(...before, queue(6), at(look(1, 5), look(2, 6)))
    expect([line(given), given.replay?.lit?.answer]).toEqual([[5, 6], 'positive'])
    expect(given.said).toBe('Image 5: yes, look 1.')
    const after = reduce(given, over)
    expect([line(after), after.replay?.lit]).toEqual([[6], null])
  })

  it('stays lit when something else happens meanwhile', () => {
    const state = replayed(
      ...before,
      at(look(1, 5), look(2, 6)),
      at(look(1, 5), look(2, 6), { speed: 2 }),
      queue(6, 7),
    )
    expect([line(state), state.replay?.lit?.seq]).toEqual([[5, 6, 7], 1])
  })

  it('lights up without its picture when several are given at once, and is not told aloud', () => {
    const state = replayed(...before, at(look(4, 8, 'skip'), look(5, 6), { playing: true }))
    expect([state.current?.image, state.replay?.lit?.answer]).toEqual([6, 'skip'])
    expect(state.said).toBe('')
  })

  it('does not light up when it is leapt over, gone back to, or was there at first', () => {
    const leapt = replayed(...before, at(look(4, 8), look(5, 6)))
    const back = replayed(at(look(4, 8), look(5, 6)), at(look(3, 7), look(4, 8)))
    const first = replayed(at(look(3, 7), look(4, 8)))
    for (const state of [leapt, back, first]) expect(state.replay?.lit).toBeNull()
    expect([leapt, back, first].map(({ current }) => current?.image)).toEqual([6, 8, 8])
  })
})

describe('a picture that can not be fetched', () => {
  const missing: Action = { type: 'unreadable', image: 6 }
  const arrived: Action = { type: 'arrived', image: 6 }
  const moment = [queue(5, 6, 7), at(null, look(3, 6))]

  it('is not replaced by another one, and is back when it arrives', () => {
    const state = replayed(...moment, missing)
    expect([line(state), state.missing.map(({ image }) => image)]).toEqual([[undefined, 5, 7], [6]])
    expect(line(reduce(state, arrived))).toEqual([6, 5, 7])
  })

  it('is forgotten with its moment', () => {
    const state = replayed(...moment, missing, queue(5, 7), at(look(3, 6), look(4, 7)))
    expect([line(state), state.missing]).toEqual([[7, 5], []])
  })
})

describe('another session', () => {
  it('that takes answers is no replay any more, and a replay is none that takes them', () => {
    const state = replayed(queue(5, 6), at(null, look(3, 6)), welcome('s', false))
    expect([state.replay, state.current]).toEqual([null, null])
    const unsent: Action = {
      type: 'answered',
      id: 'a',
      answer: 'positive',
      source: 'manual',
      shownMs: 1,
      at: 1,
      hold: false,
    }
    const played = run(welcome('s', false), queue(5, 6), unsent, welcome('s-replay', true))
    expect(played.pending).toEqual([])
    expect(played.notices[0]?.text).toContain('kept in this browser')
  })

  it('leaves the dialogue of the model that labels open, unless it is a replay', () => {
    const opened = [welcome('s', false), { type: 'finish opened' } as const]
    expect(run(...opened, welcome('other', false)).finishing).toBe(true)
    expect(run(...opened, welcome('s-replay', true)).finishing).toBe(false)
  })

  it('is not a new connection of the same one', () => {
    const state = replayed(queue(5, 6), at(null, look(3, 6)), welcome('s-replay', true))
    expect(line(state)).toEqual([6, 5])
  })
})
