import type { Training } from '../protocol'
import { expectedCounts, unsaved } from '../session/state'
import { state } from '../session/store'
import { counted, duration, percent } from './format'

/** The numbers. */
export function Figures() {
  const { statistics, training, welcome } = state.value
  if (!statistics) return null
  const { positives, answered } = expectedCounts(state.value)
  const { agreement } = statistics
  const behind = state.value.behind + unsaved(state.value).length
  return (
    <dl class="figures">
      <Figure name="found" value={answered > 0 ? `${positives} in ${answered} looks` : '–'} />
      <Figure name="pace" value={`${Math.round(statistics.per_minute)} a minute`} />
      <Figure
        name="time"
        value={duration(statistics.active_seconds)}
        title="How long the pictures were on the screen, a minute each at most"
      />
      <Figure name="skipped" value={String(statistics.skipped)} />
      {welcome?.model && (
        <>
          <Figure
            name="model was right"
            value={
              agreement.of > 0
                ? `${percent(agreement.agreed / agreement.of)} of the last ${agreement.of}`
                : '–'
            }
            title="What it had said before your answer"
          />
          <Figure name="loss" value={training?.loss?.toFixed(3) ?? '–'} />
          <Figure
            name="ranking"
            value={behind === 0 ? 'knows every answer' : `${counted(behind, 'answer')} behind`}
          />
          <Figure
            name="answer to ranking"
            value={
              training?.answer_to_ranking_ms
                ? `${Math.round(training.answer_to_ranking_ms)} ms`
                : '–'
            }
          />
          <Figure
            name="scoring"
            value={
              training?.scored_per_second
                ? `${Math.round(training.scored_per_second / 1000)} k images/s`
                : '–'
            }
          />
          <Figure
            name="features"
            value={training ? `${training.features || '–'} on ${training.device || '–'}` : '–'}
          />
          <Figure
            name="background"
            value={background(training)}
            title="A network that trains in the background, on the pictures themselves, from 20 positives on"
          />
        </>
      )}
    </dl>
  )
}

/** What the network in the background is doing. */
function background(training: Training | null) {
  if (!training?.background) return training?.features ? 'off' : '–'
  const name = training.background === 'small' ? 'small network' : training.background
  if (training.in_background)
    return `${name} ${training.opinions > 0 ? 'joined, trains on' : 'trains'}`
  return `${name} ${training.opinions > 0 ? 'joined' : 'waits'}`
}

function Figure({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
