import type { Forecast as Told } from '../protocol'
import { state } from '../session/store'
import { Figure } from './Figures'
import { aim, condition, LIKELIEST_FIRST, left, way } from './words'

/** What is left to find, as far as the model can tell. */
export function Forecast() {
  const { statistics, welcome } = state.value
  if (!statistics || !welcome?.model) return null
  const { forecast, unlabelled } = statistics
  // Where nothing is left to be answered, nothing is to come.
  if (!forecast && unlabelled === 0) return null
  return (
    <section class="forecast" data-testid="forecast">
      <h2>Left to find</h2>
      {forecast ? (
        <Reckoned forecast={forecast} />
      ) : (
        <p class="help">
          Not yet: it takes a few answers of each kind, and every image looked at by the model.
        </p>
      )}
    </section>
  )
}

function Reckoned({ forecast }: { forecast: Told }) {
  const rests = condition(state.value.plugins?.selector)
  return (
    <>
      <p>{left(forecast.positives_left)}</p>
      {rests && <p>{rests}</p>}
      <dl class="figures">
        {forecast.goals.map((goal) => (
          <Figure key={goal.share} name={aim(goal)} value={way(goal)} />
        ))}
      </dl>
      <p class="help">
        This is what the model expects. Looks are counted as if the likeliest came first, the order
        of {LIKELIEST_FIRST}. Positives that look like none of those found are not in it; only
        answers to images chosen at random would tell.
      </p>
    </>
  )
}
