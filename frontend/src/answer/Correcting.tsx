import { useEffect } from 'preact/hooks'
import type { Answer } from '../protocol'
import { leaveAsItWas, state } from '../session/store'

/** How an answer is called on the screen. */
const NAMES: Record<Answer, string> = { positive: 'yes', negative: 'no', skip: 'skipped' }

/** Over a picture that has an answer already and is shown to be corrected. */
export function Correcting() {
  const { current } = state.value
  useEffect(() => {
    const pressed = ({ key }: KeyboardEvent) => {
      if (key === 'Escape' && !document.querySelector('dialog[open]')) leaveAsItWas()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [])
  if (!current?.was) return null
  return (
    <p class="correcting" role="status">
      Your answer: <b class={current.was}>{NAMES[current.was]}</b>. Answer again to change it.{' '}
      <button type="button" class="quiet" onClick={leaveAsItWas}>
        Leave it <kbd>Esc</kbd>
      </button>
    </p>
  )
}
