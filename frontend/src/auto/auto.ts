// Auto mode: after a time that the person sets, the picture on the screen counts as no.

import { computed, effect, signal } from '@preact/signals'
import { remember, remembered } from '../memory'
import { swiping } from '../picture/stage'
import { covered, hidden, paused, shown } from '../session/attention'
import { unsaved } from '../session/state'
import { answerByClock, say, state } from '../session/store'
import { Countdown, type Obstacle, type Running } from './countdown'
import { faster, readSeconds, slower } from './pace'

const KEY = 'sluice-auto-seconds'

/** Whether it is on. It never begins by itself. */
export const auto = signal(false)
/** How long a picture may stay, seconds; remembered in this browser. */
export const seconds = signal(readSeconds(remembered(KEY)))
/** What the ring shows. */
export const running = signal<Running>({ obstacle: 'off', since: 0, limitMs: 0 })

const obstacle = computed((): Obstacle | null => {
  if (!auto.value || state.value.replay) return 'off'
  if (covered.value) return 'covered'
  if (paused.value) return 'paused'
  if (hidden.value) return 'hidden'
  const { connection, current, asked } = state.value
  if (connection !== 'open') return 'offline'
  if (!current) return 'nothing'
  if (asked.length > 0) return 'undoing'
  if (current.was) return 'correcting'
  if (current.refused) return 'refused'
  if (swiping.value) return 'swiping'
  return shown.value === current.image ? null : 'loading'
})

/** Starts the clock, which stands until auto mode is switched on. Called once. */
export function windUp(): void {
  const countdown = new Countdown(
    () => performance.now(),
    answerByClock,
    (now) => {
      const { obstacle, since, limitMs } = running.peek()
      // Told anew only when it is, so that the ring is not drawn for nothing.
      if (now.obstacle !== obstacle || now.since !== since || now.limitMs !== limitMs)
        running.value = now
    },
  )
  effect(() => {
    // An answer that is held back has not been sent: the server owes nothing for it.
    const oldest = unsaved(state.value).find(({ held }) => !held)
    const now = performance.now()
    countdown.update({
      obstacle: obstacle.value,
      image: shown.value,
      limitMs: seconds.value * 1000,
      waitingSince: oldest ? now - Math.max(0, Date.now() - oldest.givenAt) : null,
    })
  })
  effect(() => remember(KEY, String(seconds.value)))
}

export function toggleAuto(): void {
  auto.value = !auto.value
  paused.value = false
  say(auto.value ? `Auto mode: no after ${seconds.value} seconds.` : 'Auto mode is off.')
}

export function goSlower(): void {
  change(slower(seconds.value))
}

export function goFaster(): void {
  change(faster(seconds.value))
}

function change(to: number): void {
  seconds.value = to
  say(`${to} seconds.`)
}
