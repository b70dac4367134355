// What a finger that was drawn across the picture says. Pure: the path comes in, an answer comes out.

import type { Answer } from '../protocol'

/** Where a finger was, in CSS pixels, and when, in milliseconds. */
export interface Sample {
  x: number
  y: number
  at: number
}

export interface Swipe {
  /** How far the picture follows the finger. */
  x: number
  y: number
  /** What it would say. */
  said: Answer | null
  /** How much of the way there is done, 0 to 1. */
  share: number
}

/** So far answers: of the stage's width, but no more than so many CSS pixels. */
const FAR_SHARE = 0.25
const FAR_PX = 120
/** So fast answers too, if it went so far. */
const FLICK_PX_PER_MS = 0.6
const FLICK_PX = 40
/** How fast a finger is, is told by this last part of its way. */
const RECENT_MS = 100

/** What the way of a finger means so far. */
export function swipe(path: Sample[], stageWidth: number): Swipe {
  const [first, last] = [path[0], path.at(-1)]
  if (!first || !last) return { x: 0, y: 0, said: null, share: 0 }
  const [dx, dy] = [last.x - first.x, last.y - first.y]
  const said = direction(dx, dy)
  const share = said ? Math.min(1, along(said, dx, dy) / far(stageWidth)) : 0
  // Down means nothing.
  return { x: dx, y: Math.min(0, dy), said, share }
}

/** What a finger that is lifted now has said; nothing if it did not go far or fast enough. */
export function decision(path: Sample[], stageWidth: number, now: number): Answer | null {
  const [first, last] = [path[0], path.at(-1)]
  if (!first || !last) return null
  const [dx, dy] = [last.x - first.x, last.y - first.y]
  const said = direction(dx, dy)
  if (!said) return null
  const length = along(said, dx, dy)
  if (length > far(stageWidth)) return said
  const recent = path.find(({ at }) => now - at <= RECENT_MS) ?? last
  const speed = along(said, last.x - recent.x, last.y - recent.y) / Math.max(1, now - recent.at)
  return length >= FLICK_PX && speed > FLICK_PX_PER_MS ? said : null
}

function far(stageWidth: number): number {
  return Math.min(FAR_SHARE * stageWidth, FAR_PX)
}

function direction(dx: number, dy: number): Answer | null {
  if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? 'positive' : 'negative'
  return dy < 0 ? 'skip' : null
}

/** How much of a movement goes where the answer lies. */
function along(said: Answer, dx: number, dy: number): number {
  if (said === 'skip') return -dy
  return said === 'positive' ? dx : -dx
}
