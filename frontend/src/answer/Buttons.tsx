import { ariaFor, capFor, type Deed } from '../keys/bindings'
import { keymap } from '../keys/keymap'
import type { Answer } from '../protocol'
import { paused, placed } from '../session/attention'
import { answer, redo, state, undo } from '../session/store'

/** The answers, where the keys lie on the keyboard. Their colours follow the probability. */
export function Buttons() {
  const { current, statistics, pending, replay } = state.value
  const p = current?.probability ?? null
  // Nobody answers while it pauses, what is not there yet, or what was answered long ago.
  const isThere = current !== null && placed.value === current.image
  const disabled = paused.value || !isThere || replay !== null
  return (
    <nav class="buttons" aria-label="Answers">
      <AnswerButton said="positive" name="Yes" likely={p} disabled={disabled} />
      <AnswerButton said="skip" name="Skip" likely={null} disabled={disabled} />
      <AnswerButton
        said="negative"
        name="No"
        likely={p === null ? null : 1 - p}
        disabled={disabled}
      />
      <div class="back">
        <button
          type="button"
          class="button quiet"
          onClick={undo}
          disabled={replay !== null || (!statistics?.undo_depth && pending.length === 0)}
          aria-keyshortcuts={ariaFor('undo', keymap.value)}
        >
          Undo <Cap deed="undo" />
        </button>
        {statistics !== null && statistics.redo_depth > 0 && (
          <button
            type="button"
            class="button quiet"
            onClick={redo}
            disabled={replay !== null}
            aria-keyshortcuts={ariaFor('redo', keymap.value)}
          >
            Redo
          </button>
        )}
      </div>
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
  const isLit = state.value.replay?.lit?.answer === said
  return (
    <button
      type="button"
      class={`button ${said}${isLit ? ' lit' : ''}`}
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
