import type { StepMade } from '../protocol'
import { isUnderWay } from '../session/step'
import { state, takeStepBack } from '../session/store'
import { Confirm } from './Confirm'
import { contentsOf, nameOf, reallyTakeBack } from './words'

/** The steps so far, the newest first: what came from files, and what the model labelled. */
export function Steps({ steps }: { steps: StepMade[] }) {
  return (
    <section class="steps">
      <h3>Steps so far</h3>
      {steps.length === 0 && <p class="help">None: no label came from a file or from the model.</p>}
      <ol reversed>
        {steps.map((step) => (
          <Step key={step.bulk} step={step} />
        ))}
      </ol>
    </section>
  )
}

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

function Step({ step }: { step: StepMade }) {
  const { bulk, time_us, revoked } = step
  const began = new Date(time_us / 1000)
  const isPossible = state.value.connection === 'open' && !isUnderWay(state.value)
  return (
    <li value={bulk} data-step={bulk}>
      <p>
        <b>{nameOf(step)}</b>
        <br />
        {contentsOf(step)}, <time dateTime={began.toISOString()}>{WHEN.format(began)}</time>
      </p>
      {revoked ? (
        <em>taken back</em>
      ) : (
        <Confirm
          label={`Take back step ${bulk}: ${nameOf(step)}`}
          question={reallyTakeBack(step)}
          yes="Yes, take it back"
          disabled={!isPossible}
          act={() => takeStepBack(step)}
        >
          Take back
        </Confirm>
      )}
    </li>
  )
}
