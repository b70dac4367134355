import { ariaFor, capFor, type Deed } from '../keys/bindings'
import { keymap } from '../keys/keymap'
import type { Answer } from '../protocol'
import { answer, state, undo } from '../session/store'

/** The answers, where the keys lie on the keyboard. Their colours follow the probability. */
export function Buttons() {
  const { current, statistics } = state.value
  const p = current?.probability ?? null
  return (
    <nav class="buttons" aria-label="Answers">
      <AnswerButton said="positive" name="Yes" likely={p} disabled={!current} />
      <AnswerButton said="skip" name="Skip" likely={null} disabled={!current} />
      <AnswerButton
        said="negative"
        name="No"
        likely={p === null ? null : 1 - p}
        disabled={!current}
      />
      <button
        type="button"
        class="button quiet"
        onClick={undo}
        disabled={!statistics?.undo_depth}
        aria-keyshortcuts={ariaFor('undo', keymap.value)}
      >
        Undo <Cap deed="undo" />
      </button>
    </nav>
  )
}

interface AnswerProps {
  said: Answer
  name: string
  /** How likely this answer is, by the model. */
  likely: number | null
  disabled: boolean
}

function AnswerButton({ said, name, likely, disabled }: AnswerProps) {
  return (
    <button
      type="button"
      class={`button ${said}`}
      style={{ '--likely': `${Math.round((likely ?? 0.35) * 100)}%` }}
      onClick={() => answer(said)}
      disabled={disabled}
      aria-keyshortcuts={ariaFor(said, keymap.value)}
    >
      {name} <Cap deed={said} />
    </button>
  )
}

function Cap({ deed }: { deed: Deed }) {
  const cap = capFor(deed, keymap.value)
  return cap ? <kbd>{cap}</kbd> : null
}
