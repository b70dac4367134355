import { capFor, type Deed } from '../keys/bindings'
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
        aria-keyshortcuts="Backspace Control+Z"
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
      aria-keyshortcuts={capFor(said)}
    >
      {name} <Cap deed={said} />
    </button>
  )
}

function Cap({ deed }: { deed: Deed }) {
  return <kbd>{capFor(deed)}</kbd>
}
