// When the server is asked what would become of which thresholds, and which of its answers counts. Pure.

import type { Finish, Thresholds } from '../protocol'

/** Who moves a slider is not asked about every place that it passes, ms. */
export const WAIT_MS = 150
/** The session moves on all the time: it is not asked anew more often than this, ms. */
export const AGAIN_MS = 2000

/** What was asked last on this connection. */
export interface Asked {
  /** Null: what is suggested. */
  about: Thresholds | null
  /** When, ms since 1970. */
  at: number
  /** How far the session was by then. */
  seq: number
}

/** What is to be known now. */
export interface Wanted {
  about: Thresholds | null
  /** When the person last changed it, ms since 1970. */
  changedAt: number
  seq: number
  /** What the newest answer was about; null: there is none. */
  known: Thresholds | null
}

/** When to ask, ms since 1970; null: everything is known. */
export function askAt({ about, changedAt, seq, known }: Wanted, last: Asked | null): number | null {
  if (last === null) return 0
  const isAsked = isSame(last.about, about) || (known !== null && isSame(known, about))
  if (!isAsked) return changedAt + WAIT_MS
  return seq === last.seq ? null : last.at + AGAIN_MS
}

/** Whether both are the same to the server, which keeps them as 32-bit numbers. */
export function isSame(one: Thresholds | null, other: Thresholds | null): boolean {
  if (one === null || other === null) return one === other
  return kept(one.above) === kept(other.above) && kept(one.below) === kept(other.below)
}

const kept = (at: number | null) => (at === null ? null : Math.fround(at))

/** An answer that is about these thresholds: the new one, or else the one before, for as long as the new one is awaited. */
export function about(
  thresholds: Thresholds,
  told: Finish | null,
  before: Finish | null,
): { told: Finish | null; isNow: boolean } {
  if (told && isSame(told.thresholds, thresholds)) return { told, isNow: true }
  return { told: before, isNow: false }
}
