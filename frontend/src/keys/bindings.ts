// Which key does what: one table, from which the handler, the overlay and the buttons' hints are made.

/** What each deed is called in the overlay. */
export const deeds = {
  positive: 'Yes: positive',
  negative: 'No: negative',
  skip: "Skip: can't say",
  undo: 'Undo the last look',
  redo: 'Redo',
  auto: 'Auto mode on or off',
  pause: 'Pause and go on; in auto mode: yes',
  slower: 'Slower: auto mode, or a replay',
  faster: 'Faster: auto mode, or a replay',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fit: 'The whole picture',
  actual: 'One pixel of the picture on one of the screen',
  history: 'Show or hide the last answers',
  panel: 'Show or hide the side panel',
  finish: 'Let the model label the rest',
  back: 'Replay: one look back',
  on: 'Replay: one look on',
  help: 'Show or hide these keys',
}

export type Deed = keyof typeof deeds

/** The deeds as the overlay groups them. */
export const groups: { name: string; deeds: Deed[] }[] = [
  { name: 'Answers', deeds: ['positive', 'negative', 'skip', 'undo', 'redo'] },
  { name: 'Auto mode', deeds: ['auto', 'pause', 'slower', 'faster'] },
  { name: 'Picture', deeds: ['zoomIn', 'zoomOut', 'fit', 'actual'] },
  { name: 'Page', deeds: ['history', 'panel', 'finish', 'help'] },
  { name: 'Replay', deeds: ['back', 'on'] },
]

export interface Binding {
  /** As `KeyboardEvent.key` says it, letters in lower case. */
  key: string
  ctrl?: boolean
  shift?: boolean
  deed: Deed
}

export type Keymap = Binding[]

/** The keys of each deed that are pressed alone: what can be chosen. */
export type Keys = Record<Deed, string[]>

/** The keys with Ctrl are everybody's: other programs taught them. */
const withCtrl: Keymap = [
  { key: 'z', ctrl: true, deed: 'undo' },
  { key: 'z', ctrl: true, shift: true, deed: 'redo' },
  { key: 'y', ctrl: true, deed: 'redo' },
]

export const standard: Keys = {
  positive: ['f'],
  negative: ['j'],
  skip: ['s'],
  undo: ['Backspace'],
  redo: [],
  auto: ['a'],
  pause: [' '],
  slower: ['['],
  faster: [']'],
  zoomIn: ['+', '='],
  // The second one is the minus sign, which some keyboards have.
  zoomOut: ['-', '\u2212'],
  fit: ['0'],
  actual: ['1'],
  history: ['h'],
  panel: ['p'],
  finish: ['e'],
  back: ['ArrowLeft'],
  on: ['ArrowRight'],
  help: ['?'],
}

/** A keymap of these keys, always in the same order. */
export function keymapOf(keys: Keys): Keymap {
  const alone = allDeeds().flatMap((deed) => keys[deed].map((key) => ({ key, deed })))
  return [...alone, ...withCtrl]
}

export function allDeeds(): Deed[] {
  return Object.keys(deeds) as Deed[]
}

export type Preset = 'sluice' | 'prodigy'

export const presets: Record<Preset, Keymap> = {
  sluice: keymapOf(standard),
  // Prodigy has no auto mode: its deeds give way.
  prodigy: keymapOf({
    ...standard,
    positive: ['a'],
    negative: ['x'],
    skip: [' '],
    auto: ['t'],
    pause: ['b'],
  }),
}

export type Pressed = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'repeat'
>

/** What goes on while a key is held down. */
const GOES_ON: Deed[] = ['zoomIn', 'zoomOut', 'back', 'on']

/**
 * What a key press asks for. A key that is held down counts once, so that nobody answers by
 * accident; only the zoom and the looks of a replay go on.
 */
export function deedOf(event: Pressed, keymap: Keymap): Deed | null {
  const deed = boundTo(event, keymap)
  return event.repeat && deed && !GOES_ON.includes(deed) ? null : deed
}

/** The deed a key belongs to, held down or not. */
export function boundTo(event: Pressed, keymap: Keymap): Deed | null {
  if (event.altKey) return null
  const ctrl = event.ctrlKey || event.metaKey
  // Shift is part of a character such as '?', and a wish of its own with Ctrl only.
  const find = (key: string | null) =>
    keymap.find(
      (binding) =>
        binding.key === key &&
        (binding.ctrl ?? false) === ctrl &&
        (!ctrl || (binding.shift ?? false) === event.shiftKey),
    )
  return (find(keyOf(event)) ?? find(latinOf(event)))?.deed ?? null
}

/** The key as a binding writes it. */
export function keyOf({ key }: Pick<Pressed, 'key'>): string {
  return [...key].length === 1 ? key.toLowerCase() : key
}

/**
 * The Latin letter at the place of a Cyrillic, Greek, … one. Where the layout itself is Latin, its
 * letters mean what they say: 'đ' is no 'f', though AltGr and F make it.
 */
export function latinOf({ key, code }: Pick<Pressed, 'key' | 'code'>): string | null {
  if (!/^\p{L}$/u.test(key) || /\p{Script=Latin}/u.test(key)) return null
  return /^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? null
}

const CAPS: Record<string, string> = {
  ' ': 'Space',
  '-': '\u2212',
  Backspace: '⌫',
  Delete: 'Del',
  Insert: 'Ins',
  PageUp: 'Page ↑',
  PageDown: 'Page ↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
}

/** How a binding is written on a key cap. */
export function capOf({ key, ctrl, shift }: Binding): string {
  const name = CAPS[key] ?? capital(key)
  return [ctrl ? 'Ctrl' : '', shift ? 'Shift' : '', name].filter(Boolean).join(' + ')
}

/** The caps of a deed's keys, those pressed alone first; two that look the same are one. */
export function capsOf(deed: Deed, keymap: Keymap): string[] {
  return [...new Set(keymap.filter((binding) => binding.deed === deed).map(capOf))]
}

/** The first cap of a deed, or nothing. */
export function capFor(deed: Deed, keymap: Keymap): string {
  return capsOf(deed, keymap)[0] ?? ''
}

/** How a binding is written for `aria-keyshortcuts`. */
export function ariaOf({ key, ctrl, shift }: Binding): string {
  const name = { ' ': 'Space', '+': 'Plus' }[key] ?? capital(key)
  return [ctrl ? 'Control' : '', shift ? 'Shift' : '', name].filter(Boolean).join('+')
}

/** All keys of a deed for `aria-keyshortcuts`; undefined, which is no attribute, without any. */
export function ariaFor(deed: Deed, keymap: Keymap): string | undefined {
  return (
    keymap
      .filter((binding) => binding.deed === deed)
      .map(ariaOf)
      .join(' ') || undefined
  )
}

/** Some letters, such as 'ß', are two as capitals: they stay small. */
function capital(key: string): string {
  const upper = key.toUpperCase()
  return [...key].length === 1 && upper.length === key.length ? upper : key
}
