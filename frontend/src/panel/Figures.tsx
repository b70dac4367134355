import type { Statistics, Training } from '../protocol'
import { expectedCounts, unsaved } from '../session/state'
import { state } from '../session/store'
import { duration, grouped } from './format'
import {
  age,
  aSecond,
  background,
  bySource,
  found,
  HOW_COUNTED,
  NONE,
  perAnswer,
  right,
} from './words'

/** The numbers. */
export function Figures() {
  const { statistics, training, welcome, behind, replay, plugins } = state.value
  if (!statistics) return null
  const { positives, looks } = expectedCounts(state.value)
  const unknown = behind + unsaved(state.value).length
  return (
    <dl class="figures">
      <Figure name="found" value={found(positives, looks, statistics.answered)} />
      <OfPace statistics={statistics} />
      {welcome?.model && <OfModel statistics={statistics} training={training} unknown={unknown} />}
      {replay && <Figure name="order" value={plugins?.selector || NONE} />}
    </dl>
  )
}

function OfPace({ statistics }: { statistics: Statistics }) {
  const others = bySource(statistics.answered)
  const aMinute = (number: number | null) =>
    number === null ? NONE : `${grouped(Math.round(number))} a minute`
  return (
    <>
      <Figure name="pace" value={aMinute(statistics.per_minute)} title="Looks in the last minute" />
      <Figure
        name="pace of the session"
        value={aMinute(statistics.per_active_minute)}
        title="By the minute spent answering: pauses don't count"
      />
      <Figure
        name="time"
        value={duration(statistics.active_seconds)}
        title="How long the pictures were on the screen, a minute each at most"
      />
      <Figure
        name="time per answer"
        value={perAnswer(statistics.answer_seconds)}
        title="Half of the last 200 took less than the first"
      />
      <Figure name="skipped" value={grouped(statistics.skipped)} />
      {others && <Figure name="not by key" value={others} />}
    </>
  )
}

interface OfModelProps {
  statistics: Statistics
  training: Training | null
  /** Answers that the ranking does not know. */
  unknown: number
}

function OfModel({ statistics, training, unknown }: OfModelProps) {
  return (
    <>
      <Figure
        name="model was right"
        value={right(statistics.agreement, statistics.agreement_of_all)}
        title={`What it had said before the answer. ${HOW_COUNTED}`}
      />
      <Figure name="loss" value={training?.loss?.toFixed(3) ?? NONE} />
      <Figure name="ranking" value={age(unknown)} />
      {state.value.replay ? (
        <Figure name="features" value={training?.features || NONE} />
      ) : (
        <OfThisRun training={training} />
      )}
    </>
  )
}

/** What no log keeps. */
function OfThisRun({ training }: { training: Training | null }) {
  const wait = training?.answer_to_ranking_ms
  return (
    <>
      <Figure name="answer to ranking" value={wait ? `${grouped(Math.round(wait))} ms` : NONE} />
      <Figure name="scoring" value={aSecond(training?.scored_per_second, 'images/s')} />
      <Figure
        name="decoding"
        value={aSecond(training?.decoded_per_second, 'pictures/s')}
        title="What one thread reads, decodes and makes smaller"
      />
      <Figure
        name="features"
        value={training ? `${training.features || NONE} on ${training.device || NONE}` : NONE}
      />
      <Figure
        name="background"
        value={background(training)}
        title="A network that trains in the background, on the pictures themselves, from 20 positives on"
      />
    </>
  )
}

export function Figure({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
