import { state } from '../session/store'
import { auto, goFaster, goSlower, running, seconds } from './auto'
import type { Obstacle } from './countdown'
import { LONGEST_S, SHORTEST_S } from './pace'

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
  undoing: 'waits for the undo',
  refused: 'waits for your answer',
}

/** What is left of the picture's time, and how much it gets. */
export function Ring() {
  if (!auto.value || state.value.replay) return null
  const { obstacle, since, limitMs } = running.value
  const runs = obstacle === null || obstacle === 'off'
  const [fastest, slowest] = [seconds.value <= SHORTEST_S, seconds.value >= LONGEST_S]
  return (
    <div class="ring" data-testid="ring">
      <svg viewBox="0 0 40 40" aria-hidden="true">
        <circle class="whole" cx="20" cy="20" r="16" />
        {runs && (
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
      <span>{runs ? `no after ${seconds.value} s` : WHY[obstacle]}</span>
      <button type="button" aria-label="Faster" onClick={goFaster} disabled={fastest}>
        −
      </button>
      <button type="button" aria-label="Slower" onClick={goSlower} disabled={slowest}>
        +
      </button>
    </div>
  )
}
