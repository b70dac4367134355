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

/** What a key opens it closes again. */
const DIALOGUES: Partial<Record<Deed, string>> = { help: '.keys', finish: '.finish' }

/** Nobody answers a picture behind a dialogue. */
function isHidden(deed: Deed): boolean {
  const dialog = document.querySelector('dialog[open]')
  const own = DIALOGUES[deed]
  return dialog !== null && !(own && dialog.matches(own))
}

/** A button that was clicked with the mouse or a finger gives Space back to the deeds. */
function letGo({ detail, target }: MouseEvent): void {
  // A click by the keyboard has no number: there the focus is where the person put it.
  if (detail === 0 || !(target instanceof Element)) return
  const button = target.closest<HTMLElement>('button, summary')
  if (button && !button.closest('dialog')) button.blur()
}
