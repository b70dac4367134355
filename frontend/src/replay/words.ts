// What the bar of a replay says. Pure.

import { duration, grouped } from '../panel/format'
import type { ReplayMoment } from '../protocol'

/** A time of the wall clock where the page is: 2026-11-26 14:03:12. */
export function clock(timeUs: number): string {
  // As Swedes write it: the way in which times sort.
  return timeOf(timeUs)?.toLocaleString('sv-SE') ?? 'unknown time'
}

/** The same for machines; undefined, which is no attribute, where no calendar has such a time. */
export function dateTime(timeUs: number): string | undefined {
  return timeOf(timeUs)?.toISOString()
}

function timeOf(timeUs: number): Date | null {
  const time = new Date(timeUs / 1000)
  return Number.isNaN(time.getTime()) ? null : time
}

export function lookOf({ looks }: ReplayMoment, all: number): string {
  return `look ${grouped(looks)} of ${grouped(all)}`
}

/** Where something is, for who points at it or hears it. */
export function momentOf(moment: ReplayMoment, all: number): string {
  return `${lookOf(moment, all)}, ${clock(moment.time_us)}`
}

export function times(speed: number): string {
  return `${grouped(speed)}×`
}

/** What becomes of a long pause. */
export function pauseOf(seconds: number): string {
  return `A pause of ${duration(seconds)}, shortened`
}

/** The moment that is nearest to a record, of those that are told. */
export function nearest(moments: readonly ReplayMoment[], seq: number): ReplayMoment | null {
  const distance = (moment: ReplayMoment) => Math.abs(moment.seq - seq)
  return moments.reduce<ReplayMoment | null>(
    (best, moment) => (best && distance(best) <= distance(moment) ? best : moment),
    null,
  )
}
