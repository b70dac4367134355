import { auto, running, seconds } from './auto'
import type { Obstacle } from './countdown'

/** Why the clock stands, in words. */
const WHY: Record<Exclude<Obstacle, 'off'>, string> = {
  paused: 'paused',
  hidden: 'waits for you',
  covered: 'waits for you',
  offline: 'waits for the server',
  server: 'waits for the server',
  nothing: 'waits for a picture',
  loading: 'waits for the picture',
  correcting: 'waits while you correct',
  swiping: 'waits for your finger',
}

/** What is left of the picture's time. */
export function Ring() {
  if (!auto.value) return null
  const { obstacle, since, limitMs } = running.value
  const text =
    obstacle === null || obstacle === 'off' ? `no after ${seconds.value} s` : WHY[obstacle]
  return (
    <div class="ring" data-testid="ring" data-runs={obstacle === null}>
      <svg viewBox="0 0 40 40" aria-hidden="true">
        <circle class="whole" cx="20" cy="20" r="16" />
        {obstacle === null && (
          // Made anew for each picture, so that it begins anew.
          <circle
            key={since}
            class="left"
            cx="20"
            cy="20"
            r="16"
            pathLength={1}
            style={{ animationDuration: `${limitMs}ms` }}
          />
        )}
      </svg>
      <span>{text}</span>
    </div>
  )
}
