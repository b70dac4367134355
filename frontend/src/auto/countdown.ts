// Auto mode's clock: it runs only while a person can really see the picture and the server takes answers.
// Whatever stops it gives the whole time again. Time comes in from outside, so that tests need not wait.

import type { ImageId } from '../protocol'

/** Why the clock stands. */
export type Obstacle =
  | 'off'
  | 'paused'
  | 'hidden'
  | 'covered'
  | 'offline'
  | 'nothing'
  | 'loading'
  | 'correcting'
  | 'swiping'
  | 'undoing'
  | 'refused'
  | 'server'

export interface Situation {
  /** What stands in the way, as far as that is known without a clock. */
  obstacle: Obstacle | null
  /** The picture that is really on the screen. */
  image: ImageId | null
  /** How long it may stay there, ms. */
  limitMs: number
  /** When the oldest answer was given that the server has not acknowledged; null: there is none. */
  waitingSince: number | null
}

/** A server that takes longer than this does not answer, ms. */
export const SILENCE_MS = 1000

/** What the ring shows: since when it runs, or why it does not. */
export interface Running {
  obstacle: Obstacle | null
  /** When it began, ms of the same clock; only while it runs. */
  since: number
  limitMs: number
}

export class Countdown {
  private situation: Situation = { obstacle: 'off', image: null, limitMs: 0, waitingSince: null }
  private since: number | null = null
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly now: () => number,
    private readonly ranOut: (image: ImageId) => void,
    private readonly changed: (running: Running) => void,
  ) {}

  /** Told whenever something may have changed. */
  update(situation: Situation): void {
    const { image, limitMs } = this.situation
    if (situation.image !== image || situation.limitMs !== limitMs) this.since = null
    this.situation = situation
    this.look()
  }

  /** Looks what time it is. */
  private look(): void {
    clearTimeout(this.timer)
    const now = this.now()
    const { image, limitMs, waitingSince } = this.situation
    const isSilent = waitingSince !== null && now - waitingSince >= SILENCE_MS
    const obstacle = this.situation.obstacle ?? (isSilent ? 'server' : null)
    if (obstacle !== null || image === null) {
      this.since = null
      this.changed({ obstacle: obstacle ?? 'nothing', since: 0, limitMs })
      return
    }
    this.since ??= now
    this.changed({ obstacle: null, since: this.since, limitMs })
    const left = this.since + limitMs - now
    if (left <= 0) {
      this.since = null
      this.ranOut(image)
      return
    }
    const untilSilence = waitingSince === null ? left : waitingSince + SILENCE_MS - now
    // A little late rather than a hair early, which would only look again.
    this.timer = setTimeout(() => this.look(), Math.ceil(Math.min(left, untilSilence)))
  }
}
