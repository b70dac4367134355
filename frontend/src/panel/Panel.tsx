import { effect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { FinishButton } from '../finish/Door'
import type { Fetching } from '../protocol'
import { inView } from '../session/attention'
import { state, wantCharts } from '../session/store'
import { Discovery, Groups } from './Charts'
import { Choices } from './Choices'
import { Figures } from './Figures'
import { Forecast } from './Forecast'
import { counted, grouped } from './format'
import { View } from './View'

/** How it goes, and what can be chosen. */
export function Panel() {
  const { training, setAside } = state.value
  useEffect(followCharts, [])
  return (
    <aside class="panel" aria-label="How it goes, and what can be chosen">
      <Discovery />
      <Figures />
      <Forecast />
      <Groups />
      {training && training.embedded < training.to_embed && (
        <section>
          <h2>Looking at the pool</h2>
          <progress
            max={training.to_embed}
            value={training.embedded}
            aria-label="Images with features"
          />
          <p>
            {grouped(training.embedded)} of {grouped(training.to_embed)} images have features
          </p>
        </section>
      )}
      {training?.fetching && <Weights fetching={training.fetching} />}
      <Choices />
      <View />
      {setAside.total > 0 && (
        <details data-testid="set-aside">
          <summary>{counted(setAside.total, 'file')} set aside</summary>
          <ul>
            {setAside.files.map(({ path, reason }) => (
              <li key={path}>
                <code>{path}</code> {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
      <FinishButton />
    </aside>
  )
}

/** The charts are told for as long as somebody can see them; comes back with what ends that. */
function followCharts(): () => void {
  const end = effect(() => wantCharts(inView.value))
  return () => {
    end()
    wantCharts(false)
  }
}

/** Weights on their way. */
function Weights({ fetching: { network, bytes, of } }: { fetching: Fetching }) {
  const megabytes = (value: number) => (value / 1e6).toFixed(1)
  return (
    <section data-testid="fetching">
      <h2>Fetching weights</h2>
      <progress max={of ?? undefined} value={of ? bytes : undefined} aria-label="Weights fetched" />
      <p>
        {network}: {megabytes(bytes)} {of ? `of ${megabytes(of)} ` : ''}MB
      </p>
    </section>
  )
}
