import { capFor } from '../keys/bindings'
import { keymap } from '../keys/keymap'
import { paused } from '../session/attention'
import { state } from '../session/store'

/** Lies over the picture while the person pauses: no key answers, and no time passes. */
export function Paused() {
  if (!paused.value || state.value.replay) return null
  const cap = capFor('pause', keymap.value)
  const goOn = () => {
    paused.value = false
  }
  return (
    <div class="paused">
      <h2>Paused</h2>
      <p>The time stands, and no key answers.</p>
      <button type="button" onClick={goOn}>
        Go on {cap && <kbd>{cap}</kbd>}
      </button>
    </div>
  )
}
