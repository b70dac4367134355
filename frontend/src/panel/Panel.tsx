import type { Fetching } from '../protocol'
import { state } from '../session/store'
import { Choices } from './Choices'
import { Curve } from './Curve'
import { Figures } from './Figures'
import { counted } from './format'
import { View } from './View'

/** How it goes, and what can be chosen. */
export function Panel() {
  const { statistics, training, setAside } = state.value
  return (
    <aside class="panel" aria-label="How it goes, and what can be chosen">
      {statistics && (
        <section>
          <h2>Positives found</h2>
          <Curve curve={statistics.curve} images={statistics.images - statistics.set_aside} />
        </section>
      )}
      <Figures />
      {training && training.embedded < training.to_embed && (
        <section>
          <h2>Looking at the pool</h2>
          <progress
            max={training.to_embed}
            value={training.embedded}
            aria-label="Images with features"
          />
          <p>
            {training.embedded} of {training.to_embed} images have features
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
    </aside>
  )
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
