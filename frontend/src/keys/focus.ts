// Which keys belong to the thing that has the focus.

const MOVES = [
  'ArrowLeft',
  'ArrowRight',
  'ArrowUp',
  'ArrowDown',
  'Home',
  'End',
  'PageUp',
  'PageDown',
]

/** Whether the element takes the key itself, as far as it is like a native one. */
export function takes({ localName, type }: { localName: string; type?: string }, key: string) {
  switch (localName) {
    case 'button':
    case 'summary':
      return key === ' ' || key === 'Enter'
    case 'input':
      // What can't be written in leaves the letters to the answers.
      if (type === 'checkbox' || type === 'radio' || type === 'range')
        return key === ' ' || MOVES.includes(key)
      return true
    default:
      return localName === 'select' || localName === 'textarea'
  }
}
