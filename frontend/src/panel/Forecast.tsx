import { state } from '../session/store'
import { Figure } from './Figures'
import { aim, left, way } from './words'

/** What is left to find, as far as the model can tell. */
export function Forecast() {
  const forecast = state.value.statistics?.forecast
  if (!forecast) return null
  return (
    <section class="forecast" data-testid="forecast">
      <h2>Left to find</h2>
      <p>{left(forecast.positives_left)}</p>
      <dl class="figures">
        {forecast.goals.map((goal) => (
          <Figure key={goal.share} name={aim(goal)} value={way(goal)} />
        ))}
      </dl>
      <p class="help">
        This is what the model expects. Positives that look like none of those found are not in it;
        only an audit is proof.
      </p>
    </section>
  )
}
