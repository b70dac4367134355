import type { TargetedKeyboardEvent, TargetedPointerEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Replay, ReplaySpan } from '../protocol'
import { replay, state } from '../session/store'
import { momentOf, nearest } from './words'

interface Props {
  span: ReplaySpan
  at: Replay
}

/** From the first moment to the last. Who points at it is told what is there. */
export function Scrubber({ span, at }: Props) {
  const { moments, steps } = span
  // Where a hand has put it, until the server has got there.
  const [held, setHeld] = useState<number | null>(null)
  const grabbed = useRef(false)
  const [pointed, setPointed] = useState<number | null>(null)
  useEffect(() => {
    if (!grabbed.current) setHeld(null)
  }, [at.moment.seq])
  const { connection } = state.value
  // What was asked before is not known to a server that comes back.
  useEffect(() => setHeld(null), [connection])
  const [first, last] = [moments[0], moments.at(-1)]
  if (!first || !last) return null
  const shown = held ?? at.moment.seq
  const share = (seq: number) => (seq - first.seq) / Math.max(1, last.seq - first.seq)
  const told = (seq: number) => {
    const moment = seq === at.moment.seq ? at.moment : nearest(moments, seq)
    return moment ? momentOf(moment, last.looks) : ''
  }
  const seek = (seq: number) => {
    if (replay({ seek: seq })) setHeld(seq)
  }
  const point = ({ currentTarget, clientX }: TargetedPointerEvent<HTMLInputElement>) => {
    const { left, width } = currentTarget.getBoundingClientRect()
    const part = Math.min(1, Math.max(0, (clientX - left) / Math.max(1, width)))
    setPointed(Math.round(first.seq + part * (last.seq - first.seq)))
  }
  const pressed = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    // As on the whole page: a record more or less is nothing to see.
    const wish = {
      ArrowLeft: { step: -1 },
      ArrowRight: { step: 1 },
      ' ': { play: !at.playing },
    }[event.key]
    if (!wish || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    replay(wish)
  }
  return (
    <div class="scrubber">
      <input
        type="range"
        min={first.seq}
        max={last.seq}
        value={shown}
        aria-label="Moment of the session"
        aria-valuetext={told(shown)}
        onInput={({ currentTarget }) => seek(currentTarget.valueAsNumber)}
        onPointerDown={() => {
          grabbed.current = true
        }}
        onPointerUp={() => {
          grabbed.current = false
        }}
        onPointerCancel={() => {
          grabbed.current = false
        }}
        onKeyDown={pressed}
        onPointerMove={point}
        onPointerLeave={() => setPointed(null)}
      />
      {steps.map((seq) => (
        <i key={seq} style={{ '--at': share(seq) }} title="Many labels at once" />
      ))}
      {pointed !== null && (
        <span class="pointed" aria-hidden="true" style={{ '--at': share(pointed) }}>
          {told(pointed)}
        </span>
      )}
    </div>
  )
}
