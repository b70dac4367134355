import { isUnderWay } from '../session/step'
import { state } from '../session/store'
import { byModel, cameOf, refused, underWay } from './words'

/** What is being done, or what has come of it; and what the model labelled, to be checked. */
export function Outcome({ check }: { check: () => void }) {
  const { step, finish, statistics } = state.value
  const labelled = byModel(statistics?.answered ?? [])
  const busy = isUnderWay(state.value)
  const why = step?.came && 'why' in step.came ? step.came.why : null
  return (
    <div class="outcome" data-outcome tabIndex={-1}>
      {busy && <progress aria-label="Under way" />}
      <p role="status">
        {step && busy && underWay(step, labelled)}
        {step && !busy && why === null && cameOf(step, finish?.steps ?? [])}
      </p>
      {why !== null && <p role="alert">{refused(why)}</p>}
      {labelled > 0 && (
        <button type="button" class="quiet" onClick={check}>
          Check the least sure
        </button>
      )}
    </div>
  )
}
