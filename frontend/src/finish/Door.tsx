// The way to the dialogue about the model labelling the rest. What is behind it is fetched when it is first opened.

import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ariaFor, capFor } from '../keys/bindings'
import { keymap } from '../keys/keymap'
import type { Source } from '../protocol'
import { closeFinish, openFinish, state, tellNoConnection } from '../session/store'

/** What is behind it; none until it is there. */
const fetched = signal<typeof import('./Finish').Finish | null>(null)

const IN_STEPS: Source[] = ['imported', 'model']

/** Where there is a model, and where labels came in steps that can be taken back. */
export function FinishButton() {
  const { welcome, statistics, replay } = state.value
  const hasSteps = statistics?.answered.some(({ source }) => IN_STEPS.includes(source))
  if (replay || (!welcome?.model && !hasSteps)) return null
  const cap = capFor('finish', keymap.value)
  return (
    <section>
      <button
        type="button"
        class="quiet"
        title={welcome?.model ? 'Let the model label the rest' : undefined}
        aria-haspopup="dialog"
        aria-keyshortcuts={ariaFor('finish', keymap.value)}
        onClick={openFinish}
      >
        {welcome?.model ? 'Finish' : 'Imported labels'} … {cap && <kbd>{cap}</kbd>}
      </button>
    </section>
  )
}

/** The dialogue, while it is open; `check` shows what the model has labelled. */
export function FinishDialogue({ check }: { check: () => void }) {
  const { finishing, welcome } = state.value
  useEffect(() => {
    if (finishing && !fetched.peek()) fetchDialogue()
  }, [finishing])
  const Finish = fetched.value
  if (!finishing || !Finish || !welcome) return null
  // Another session has other thresholds and other steps.
  return <Finish key={welcome.session} welcome={welcome} check={check} />
}

function fetchDialogue(): void {
  import('./Finish').then(
    ({ Finish }) => {
      fetched.value = Finish
    },
    () => {
      closeFinish()
      tellNoConnection()
    },
  )
}
