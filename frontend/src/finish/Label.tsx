import { useState } from 'preact/hooks'
import { counted } from '../panel/format'
import type { Finish } from '../protocol'
import { isUnderWay } from '../session/step'
import { labelRest, state } from '../session/store'
import { Confirm } from './Confirm'
import { reallyLabel } from './words'

interface Props {
  told: Finish
  /** It is about the thresholds as they are now. */
  isNow: boolean
}

/** The button that does it. */
export function Label({ told, isNow }: Props) {
  const [dared, dare] = useState(false)
  const { thresholds, positives, negatives, expected } = told
  const labels = positives + negatives
  const isBlind = !expected && labels > 0
  const isReady = isNow && labels > 0 && (!isBlind || dared)
  const isPossible = state.value.connection === 'open' && !isUnderWay(state.value)
  return (
    <section class="label">
      {isBlind && (
        <label>
          <input
            type="checkbox"
            checked={dared}
            onChange={({ currentTarget }) => dare(currentTarget.checked)}
          />{' '}
          Label all the same, and check afterwards
        </label>
      )}
      <Confirm
        question={reallyLabel(labels)}
        yes="Yes, label them"
        disabled={!isReady || !isPossible}
        act={() => labelRest(thresholds, labels)}
      >
        Label {counted(labels, 'image')}
      </Confirm>
    </section>
  )
}
