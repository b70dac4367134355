import { describe, expect, it } from 'vitest'
import type { Answered, Goal, Source, Training } from '../protocol'
import {
  age,
  aim,
  aSecond,
  background,
  bySource,
  condition,
  found,
  left,
  perAnswer,
  right,
  way,
} from './words'

describe('the figures', () => {
  it('tell apart what looks have found and what steps say', () => {
    const of = (source: Source, images: number): Answered => ({
      answer: 'positive',
      source,
      images,
    })
    expect(found(0, 0, [])).toBe('–')
    expect(found(49, 200, [of('manual', 40), of('timeout', 9)])).toBe('49 in 200 looks')
    const steps = [of('manual', 49), of('model', 5), of('imported', 7)]
    expect(found(61, 200, steps)).toBe('49 in 200 looks, 5 by the model, 7 from files')
    // One more than the statistics know.
    expect(found(62, 201, steps)).toBe('50 in 201 looks, 5 by the model, 7 from files')
    expect(found(12, 0, steps.slice(1))).toBe('5 by the model, 7 from files')
    // A correction of what the model said is under way.
    expect(found(4, 1, [of('model', 5)])).toBe('0 in 1 look, 5 by the model')
    expect(found(3, 9, [{ answer: 'negative', source: 'model', images: 8 }])).toBe('3 in 9 looks')
  })

  it('name sources other than keys, answers of all kinds together', () => {
    expect(bySource([])).toBeNull()
    expect(bySource([{ answer: 'skip', source: 'manual', images: 4 }])).toBeNull()
    expect(
      bySource([
        { answer: 'negative', source: 'manual', images: 4 },
        { answer: 'positive', source: 'imported', images: 100 },
        { answer: 'negative', source: 'timeout', images: 12 },
        { answer: 'negative', source: 'imported', images: 200 },
      ]),
    ).toBe('300 imported, 12 when the time was up')
  })

  it('tell how long an answer takes', () => {
    expect(perAnswer(null)).toBe('–')
    expect(perAnswer({ median: 0.84, p90: 2.06 })).toBe('0.8 s, nine in ten under 2.1 s')
  })

  it('tell how often the model was right, and in all once that is more', () => {
    expect(right({ agreed: 0, of: 0 }, { agreed: 0, of: 0 })).toBe('–')
    expect(right({ agreed: 9, of: 12 }, { agreed: 9, of: 12 })).toBe('75 % of the last 12')
    expect(right({ agreed: 45, of: 50 }, { agreed: 240, of: 300 })).toBe(
      '90 % of the last 50, 80 % of all 300',
    )
  })

  it('tell how old the ranking is', () => {
    expect([0, 1, 3].map(age)).toEqual([
      'knows every answer',
      '1 answer behind',
      '3 answers behind',
    ])
  })

  it('have a dash for what is not known', () => {
    expect(aSecond(null, 'images/s')).toBe('–')
    expect(aSecond(86.2, 'pictures/s')).toBe('86 pictures/s')
    expect(background(null)).toBe('–')
    expect(background({ background: 'small', in_background: false, opinions: 0 } as Training)).toBe(
      'small network waits',
    )
  })
})

describe('what is left to find', () => {
  const goal = (likely: number, more: Partial<Goal> = {}): Goal => ({
    share: 0.8,
    looks: { low: likely / 2, likely, high: likely * 2.25 },
    seconds: { low: likely * 2, likely: likely * 4.5, high: likely * 10 },
    ...more,
  })

  it('is told with its range', () => {
    expect(left({ low: 80.2, likely: 123, high: 187 })).toBe('≈ 120 positives left (80 to 190)')
    expect(left({ low: 0.1, likely: 1.2, high: 3.8 })).toBe('≈ 1 positive left (0 to 4)')
  })

  it('takes looks and time', () => {
    expect(aim(goal(40))).toBe('to find 80 %')
    expect(way(goal(40))).toBe('≈ 40 looks (20 to 90), 3 min (1 to 7 min)')
  })

  it('takes looks where there is no pace yet, and one at least', () => {
    expect(way(goal(40, { seconds: null }))).toBe('≈ 40 looks (20 to 90)')
    const few = (high: number) => goal(0.3, { seconds: null, looks: { low: 0, likely: 0.3, high } })
    expect(way(few(2))).toBe('≈ 1 look (0 to 2)')
    expect(way(few(0.4))).toBe('≈ 1 look (0 to 1)')
  })

  it('is reached where nothing is to be looked at, whatever comes', () => {
    expect(way(goal(0))).toBe('reached')
    expect(way(goal(0, { seconds: null }))).toBe('reached')
  })

  it('is likely reached where more may have to be looked at than is expected', () => {
    const upTo = (high: number, pace: number | null) =>
      way(
        goal(0, {
          looks: { low: 0, likely: 0, high },
          seconds: pace === null ? null : { low: 0, likely: 0, high: high * pace },
        }),
      )
    expect(upTo(10_438, null)).toBe('likely reached (up to 10\u202f000 looks)')
    expect(upTo(10_438, 1.2)).toBe('likely reached (up to 10\u202f000 looks, 3 h 29 min)')
    expect(upTo(0.2, null)).toBe('likely reached (up to 1 look)')
  })

  it('is reckoned with the likeliest first, which is said where the order is another', () => {
    expect([undefined, 'max-prob'].map(condition)).toEqual([null, null])
    expect(condition('explore')).toBe('If the likeliest came first (the order now is explore):')
  })
})
