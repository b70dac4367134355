// Key presses become deeds, unless what has the focus takes them.

import { boundTo, type Deed, deedOf } from './bindings'
import { takes } from './focus'
import { keymap } from './keymap'

export function listen(act: (deed: Deed) => void): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return
    if (event.target instanceof HTMLElement && takes(event.target, event.key)) return
    const bound = boundTo(event, keymap.value)
    if (!bound || isHidden(bound)) return
    // Also while it is held down: Space must not scroll then.
    event.preventDefault()
    const deed = deedOf(event, keymap.value)
    if (deed) act(deed)
  }
  window.addEventListener('keydown', pressed)
  window.addEventListener('click', letGo)
  return () => {
    window.removeEventListener('keydown', pressed)
    window.removeEventListener('click', letGo)
  }
}

/** Nobody answers a picture behind a dialogue; the keys' own one is closed as it was opened. */
function isHidden(deed: Deed): boolean {
  const dialog = document.querySelector('dialog[open]')
  return dialog !== null && !(deed === 'help' && dialog.matches('.keys'))
}

/** A button that was clicked with the mouse or a finger gives Space back to the deeds. */
function letGo({ detail, target }: MouseEvent): void {
  // A click by the keyboard has no number: there the focus is where the person put it.
  if (detail === 0 || !(target instanceof Element)) return
  const button = target.closest<HTMLElement>('button, summary')
  if (button && !button.closest('dialog')) button.blur()
}
