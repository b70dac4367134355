import type { ComponentChildren } from 'preact'
import { ariaFor, type Deed } from '../keys/bindings'
import { keymap } from '../keys/keymap'
import type { Replay, ReplaySpan } from '../protocol'
import { replay } from '../session/store'
import '../style/replay.css'
import { faster, slower, wishOf } from './deeds'
import { Scrubber } from './Scrubber'
import { clock, dateTime, lookOf, pauseOf, times } from './words'

interface Props {
  span: ReplaySpan
  at: Replay
}

/** Plays a session again: on, back, elsewhere, faster. */
export function Bar({ span, at }: Props) {
  const { moment, playing, speed, pause } = at
  const all = span.moments.at(-1)?.looks ?? 0
  return (
    <section class="replay" aria-label="Replay: nothing is written">
      <div class="replay-keys">
        <Key at={at} deed="back" name="One look back">
          <path d="M6 3v10M13 3 7 8l6 5z" />
        </Key>
        <Key at={at} deed="pause" name={playing ? 'Pause' : 'Play'}>
          <path d={playing ? 'M5 3h2v10H5zM9 3h2v10H9z' : 'M4 3l9 5-9 5z'} />
        </Key>
        <Key at={at} deed="on" name="One look on">
          <path d="M10 3v10M3 3l6 5-6 5z" />
        </Key>
      </div>
      <Scrubber span={span} at={at} />
      <p class="replay-moment">
        <span data-testid="replay-look">{lookOf(moment, all)}</span>
        {playing && pause !== null ? (
          <span>{pauseOf(pause)}</span>
        ) : (
          <time dateTime={dateTime(moment.time_us)}>{clock(moment.time_us)}</time>
        )}
      </p>
      <div class="replay-keys">
        <Speed name="Slower" sign="−" deed="slower" from={speed} to={slower(speed)} />
        <output aria-label="Speed">{times(speed)}</output>
        <Speed name="Faster" sign="+" deed="faster" from={speed} to={faster(speed)} />
      </div>
    </section>
  )
}

interface KeyProps {
  at: Replay
  deed: Deed
  name: string
  /** What is drawn. */
  children: ComponentChildren
}

function Key({ at, deed, name, children }: KeyProps) {
  const press = () => {
    const wish = wishOf(deed, at)
    if (wish) replay(wish)
  }
  return (
    <button
      type="button"
      class="quiet"
      title={name}
      aria-label={name}
      aria-keyshortcuts={ariaFor(deed, keymap.value)}
      onClick={press}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {children}
      </svg>
    </button>
  )
}

interface SpeedProps {
  name: string
  sign: string
  deed: Deed
  from: number
  to: number
}

function Speed({ name, sign, deed, from, to }: SpeedProps) {
  return (
    <button
      type="button"
      class="quiet"
      title={name}
      aria-label={name}
      aria-keyshortcuts={ariaFor(deed, keymap.value)}
      disabled={from === to}
      onClick={() => replay({ speed: to })}
    >
      {sign}
    </button>
  )
}
