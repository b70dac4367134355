// Which key does what: one table, from which the handler, the overlay and the buttons' hints are made.

export type Deed = 'positive' | 'negative' | 'skip' | 'undo' | 'redo' | 'panel' | 'help'

export interface Binding {
  /** As `KeyboardEvent.key` says it, letters in lower case. */
  key: string
  ctrl?: boolean
  shift?: boolean
  deed: Deed
}

export const bindings: Binding[] = [
  { key: 'f', deed: 'positive' },
  { key: 'j', deed: 'negative' },
  { key: 's', deed: 'skip' },
  { key: 'Backspace', deed: 'undo' },
  { key: 'z', ctrl: true, deed: 'undo' },
  { key: 'z', ctrl: true, shift: true, deed: 'redo' },
  { key: 'p', deed: 'panel' },
  { key: '?', deed: 'help' },
]

/** What each deed is called in the overlay. */
export const deeds: Record<Deed, string> = {
  positive: 'Yes: positive',
  negative: 'No: negative',
  skip: "Skip: can't say",
  undo: 'Undo the last look',
  redo: 'Redo',
  panel: 'Show or hide the side panel',
  help: 'Show or hide these keys',
}

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'repeat'>

/** What a key press asks for. A key that is held down counts once: nobody answers by accident. */
export function deedOf(event: Pressed): Deed | null {
  if (event.repeat || event.altKey) return null
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const ctrl = event.ctrlKey || event.metaKey
  // Shift is part of a character such as '?', and a wish of its own with Ctrl only.
  const found = bindings.find(
    (binding) =>
      binding.key === key &&
      (binding.ctrl ?? false) === ctrl &&
      (!ctrl || (binding.shift ?? false) === event.shiftKey),
  )
  return found?.deed ?? null
}

/** How a binding is written on a key cap. */
export function capOf({ key, ctrl, shift }: Binding): string {
  const name = key === 'Backspace' ? '⌫' : key.toUpperCase()
  return [ctrl ? 'Ctrl' : '', shift ? 'Shift' : '', name].filter(Boolean).join(' + ')
}

/** The first key of a deed. */
export function capFor(deed: Deed): string {
  const binding = bindings.find((candidate) => candidate.deed === deed)
  return binding ? capOf(binding) : ''
}
