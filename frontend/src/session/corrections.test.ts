import { describe, expect, it } from 'vitest'
import type { HistoryLook, Source, ToPage } from '../protocol'
import { answered, line, queue, received, run } from './happened'
import { type Action, reduce } from './reduce'
import { expectedCounts } from './state'

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
