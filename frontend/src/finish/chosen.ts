// The two thresholds as a person sets them: each on or off, and off it keeps its place. Pure.

import type { Thresholds } from '../protocol'

export type Side = 'above' | 'below'

export interface Threshold {
  on: boolean
  /** P(positive), 0 to 1. */
  at: number
}

export type Chosen = Record<Side, Threshold>

/** Where a threshold stands that nobody has put anywhere. */
const FIRST: Record<Side, number> = { above: 0.9, below: 0.1 }
/** Thresholds are moved in tenths of a per cent. */
const STEPS = 1000

export function chosenOf({ above, below }: Thresholds): Chosen {
  return {
    above: { on: above !== null, at: above ?? FIRST.above },
    below: { on: below !== null, at: below ?? FIRST.below },
  }
}

export function thresholdsOf({ above, below }: Chosen): Thresholds {
  return { above: above.on ? above.at : null, below: below.on ? below.at : null }
}

/** Why nothing can be labelled with them; null: it can. The server says the same. */
export function wrong({ above, below }: Thresholds): string | null {
  if (above === null && below === null) return 'Turn on what is to become yes, no, or both.'
  if (above === null || below === null || below < above) return null
  return '“No” has to end below the place where “yes” begins.'
}

export function moved(chosen: Chosen, side: Side, at: number): Chosen {
  return { ...chosen, [side]: { ...chosen[side], at } }
}

/** On or off; what is turned on does not begin with a contradiction. */
export function turned(chosen: Chosen, side: Side, on: boolean): Chosen {
  const next = { ...chosen, [side]: { ...chosen[side], on } }
  if (!on || !wrong(thresholdsOf(next))) return next
  const { above, below } = next
  const at = side === 'below' ? stepped(above.at, -1) : stepped(below.at, 1)
  return moved(next, side, at)
}

/** So many steps away, on the marks of the scale. */
export function stepped(at: number, steps: number): number {
  const to = Math.round(at * STEPS) + steps
  return Math.min(Math.max(to, 0), STEPS) / STEPS
}

/** In per cent, to a tenth; next to nothing and next to certain as far as it takes to tell them from these. */
export function inPercent(at: number): string {
  const written = (decimals: number) => (at * 100).toFixed(decimals)
  const isTold = (text: string) => at <= 0 || at >= 1 || (Number(text) > 0 && Number(text) < 100)
  return [1, 2, 3].map(written).find(isTold) ?? written(4)
}

/** What was typed as per cent; null: no threshold. */
export function fromPercent(text: string): number | null {
  const number = Number(text)
  return text.trim() === '' || !(number >= 0 && number <= 100) ? null : number / 100
}
