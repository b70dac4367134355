import { useEffect } from 'preact/hooks'
import { leaveAsItWas, state } from '../session/store'
import { NAMES, whose } from '../session/words'

/** Over a picture that is back: to be corrected, or because its answer could not be saved. */
export function Correcting() {
  const { current } = state.value
  useEffect(() => {
    const pressed = ({ key }: KeyboardEvent) => {
      if (key === 'Escape' && !document.querySelector('dialog[open]')) leaveAsItWas()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [])
  if (current?.refused) {
    return (
      <p class="correcting">
        Your answer <b class={current.refused}>{NAMES[current.refused]}</b> was not saved. Answer
        again.
      </p>
    )
  }
  if (!current?.was) return null
  return (
    <p class="correcting">
      {whose(current.by)}: <b class={current.was}>{NAMES[current.was]}</b>.{' '}
      {current.by === 'model' ? 'Answer to confirm or to change it.' : 'Answer again to change it.'}{' '}
      <button type="button" class="quiet" onClick={leaveAsItWas}>
        Leave it <kbd>Esc</kbd>
      </button>
    </p>
  )
}
