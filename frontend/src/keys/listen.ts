// Key presses become deeds, unless the person is in a field that takes them.

import { type Deed, deedOf } from './bindings'

export function listen(act: (deed: Deed) => void): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (takesKeys(event.target)) return
    const deed = deedOf(event)
    // Nobody answers a picture behind a dialogue.
    if (!deed || (deed !== 'help' && document.querySelector('dialog[open]'))) return
    event.preventDefault()
    act(deed)
  }
  window.addEventListener('keydown', pressed)
  return () => window.removeEventListener('keydown', pressed)
}

function takesKeys(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, select, textarea')
}
