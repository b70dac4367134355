// What keys and buttons mean while a session is played again. Pure.

import type { Deed } from '../keys/bindings'
import type { Replay, ReplayWish } from '../protocol'

const SPEEDS = [0.5, 1, 2, 4, 8, 16, 32, 64]

/** What is looked at as ever. */
const AS_EVER: Deed[] = ['zoomIn', 'zoomOut', 'fit', 'actual', 'history', 'panel', 'help']

/** Whether a deed does in a replay what it always does. */
export function isAsEver(deed: Deed): boolean {
  return AS_EVER.includes(deed)
}

/** What a deed wants of a replay; null: nothing, for nobody answers in one. */
export function wishOf(deed: Deed, at: Replay): ReplayWish | null {
  switch (deed) {
    case 'pause':
      return { play: !at.playing }
    case 'back':
      return { step: -1 }
    case 'on':
      return { step: 1 }
    case 'slower':
      return { speed: slower(at.speed) }
    case 'faster':
      return { speed: faster(at.speed) }
    default:
      return null
  }
}

/** The next speed below; the slowest one is as slow as it gets. */
export function slower(speed: number): number {
  return SPEEDS.findLast((known) => known < speed) ?? Math.min(speed, SPEEDS[0] ?? speed)
}

/** The next speed above; the fastest one is as fast as it gets. */
export function faster(speed: number): number {
  return SPEEDS.find((known) => known > speed) ?? Math.max(speed, SPEEDS.at(-1) ?? speed)
}
