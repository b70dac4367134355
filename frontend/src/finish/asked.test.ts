import { describe, expect, it } from 'vitest'
import type { Finish, Thresholds } from '../protocol'
import { AGAIN_MS, type Asked, about, askAt, isSame, WAIT_MS, type Wanted } from './asked'

const at = (above: number | null, below: number | null = null): Thresholds => ({ above, below })
const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  about: at(0.9),
  changedAt: 5000,
  seq: 7,
  known: at(0.9),
  ...more,
})
const asked = (more: Partial<Asked> = {}): Asked => ({
  about: at(0.9),
  at: 4000,
  seq: 7,
  ...more,
})

describe('the server is asked', () => {
  it('at once on a new connection', () => {
    expect(askAt(wanted(), null)).toBe(0)
    expect(askAt(wanted({ about: null, known: null }), null)).toBe(0)
  })

  it('when the thresholds have stood still for a moment', () => {
    expect(askAt(wanted({ about: at(0.8) }), asked())).toBe(5000 + WAIT_MS)
    // Back where they were: the answer is there, or on its way.
    expect(askAt(wanted(), asked({ about: at(0.8) }))).toBeNull()
    expect(askAt(wanted({ known: at(0.7) }), asked())).toBeNull()
  })

  it('again when the session has moved on, but not all the time', () => {
    expect(askAt(wanted({ seq: 8 }), asked())).toBe(4000 + AGAIN_MS)
    expect(askAt(wanted({ seq: 7 }), asked())).toBeNull()
  })

  it('not about what it has suggested itself', () => {
    expect(askAt(wanted(), asked({ about: null }))).toBeNull()
  })

  it('for another suggestion where it had none to make', () => {
    const none = wanted({ about: null, known: at(null) })
    expect(askAt(none, asked({ about: null }))).toBeNull()
    expect(askAt({ ...none, seq: 8 }, asked({ about: null }))).toBe(4000 + AGAIN_MS)
  })
})

describe('an answer', () => {
  const finish = (thresholds: Thresholds) => ({ thresholds }) as Finish

  it('counts if it is about the thresholds as they are now', () => {
    const [now, other] = [finish(at(0.9)), finish(at(0.5))]
    expect(about(at(0.9), now, other)).toEqual({ told: now, isNow: true })
    expect(about(at(0.9), other, now)).toEqual({ told: now, isNow: false })
    expect(about(at(0.9), null, null)).toEqual({ told: null, isNow: false })
  })

  it('may have come back from 32 bits', () => {
    expect(isSame(at(0.934_712_345_678, 0.1), at(Math.fround(0.934_712_345_678), 0.1))).toBe(true)
    expect(isSame(at(0.935), at(0.936))).toBe(false)
    expect([isSame(at(0.9), at(0.9, 0.1)), isSame(at(null, 0.9), at(0.9, null))]).toEqual([
      false,
      false,
    ])
    expect([isSame(null, null), isSame(null, at(null))]).toEqual([true, false])
  })
})
