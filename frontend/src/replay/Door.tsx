// The way to what plays a session again, and what is shown of an answer then. What is behind it is fetched when there is
// a replay.

import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { state } from '../session/store'
import { NAMES } from '../session/words'

/** What is behind it; none until it is there. */
const fetched = signal<typeof import('./Bar').Bar | null>(null)

/** What plays it; nothing, where answers are taken. */
export function ReplayBar() {
  const { welcome, connection } = state.value
  const span = welcome?.replay ?? null
  useEffect(() => {
    if (span && connection === 'open' && !fetched.peek()) fetchBar()
  }, [span, connection])
  const Bar = fetched.value
  const at = state.value.replay?.at
  return Bar && span && at ? <Bar span={span} at={at} /> : null
}

/** Over the picture, for a moment: what the person said of it. */
export function Given() {
  const { replay, current } = state.value
  const lit = replay?.lit
  if (!lit || lit.image !== current?.image) return null
  return <p class={`given ${lit.answer}`}>{NAMES[lit.answer]}</p>
}

/** If it can't be fetched, the next connection tries again. */
function fetchBar(): void {
  import('./Bar').then(
    ({ Bar }) => {
      fetched.value = Bar
    },
    () => {},
  )
}
