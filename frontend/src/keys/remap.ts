// Other keys for the deeds: what a change does, what can be a key, and how the keys are kept.

import {
  allDeeds,
  boundTo,
  capFor,
  capsOf,
  type Deed,
  deeds,
  type Keymap,
  type Keys,
  keymapOf,
  keyOf,
  latinOf,
  type Preset,
  type Pressed,
  presets,
  standard,
} from './bindings'

/**
 * The pressed key becomes the only one of the deed, beside those with Ctrl. The deed that had it
 * loses it and is named, so that it can be said.
 */
export function rebind(
  keymap: Keymap,
  deed: Deed,
  pressed: Pressed,
): { keymap: Keymap; taken: Deed | null } {
  const had = boundTo(pressed, keymap)
  // One place on the keyboard has one deed, whichever alphabet it is set to.
  const lost = [keyOf(pressed), latinOf(pressed)]
  const keys = keysOf(keymap)
  for (const other of allDeeds()) keys[other] = keys[other].filter((key) => !lost.includes(key))
  keys[deed] = [keyOf(pressed)]
  return { keymap: keymapOf(keys), taken: had === deed ? null : had }
}

/** What a change did, in words: nothing is lost in silence. */
export function told(deed: Deed, taken: Deed | null, keymap: Keymap): string {
  const now = `“${deeds[deed]}” is on ${capFor(deed, keymap)} now.`
  if (!taken) return now
  const left = capsOf(taken, keymap)
  const has = left.length > 0 ? `still has ${left.join(', ')}` : 'has no key now'
  return `${now} It was: “${deeds[taken]}”, which ${has}.`
}

const MODIFIERS = ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'NumLock', 'Fn']

/** Why this can't be the key of a deed; null if it can. */
export function refusal(pressed: Pressed): string | null {
  const { key } = pressed
  if (MODIFIERS.includes(key)) return 'Shift, Ctrl and the like are no keys by themselves.'
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey)
    return 'Keys with Ctrl, Cmd or Alt belong to the browser and the system.'
  if (key === 'Tab') return 'Tab goes from one button to the next.'
  if (key === 'Enter') return 'Enter presses the button that has the focus.'
  if (key === 'Escape') return 'Escape closes and leaves things as they are.'
  if (/^F\d+$/.test(key)) return 'Function keys belong to the browser and the system.'
  return canBeKey(keyOf(pressed)) ? null : 'This key does not say which one it is, or not at once.'
}

const NAMED = [
  ...['Backspace', 'Delete', 'Insert', 'Home', 'End', 'PageUp', 'PageDown'],
  ...['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'],
]

/** A character, small if it is a letter, or one of the named keys. */
function canBeKey(key: string): boolean {
  const character = key === ' ' || /^[^\p{C}\p{Z}]$/u.test(key)
  return NAMED.includes(key) || (character && key === keyOf({ key }))
}

/** Which preset the keys are; null: somebody's own. */
export function presetOf(keymap: Keymap): Preset | null {
  const names = Object.keys(presets) as Preset[]
  return names.find((name) => written(presets[name]) === written(keymap)) ?? null
}

/** The keys as they are kept. A deed that lost its key is there with none: it is not a new one. */
export function written(keymap: Keymap): string {
  return JSON.stringify(keysOf(keymap))
}

/** The keys that were kept. Anything that isn't wholly understood is as if there was nothing. */
export function read(kept: string | null): Keymap {
  const known = understood(kept)
  if (!known) return presets.sluice
  const taken = Object.values(known).flat()
  const free = (deed: Deed) => standard[deed].filter((key) => !taken.includes(key))
  // A deed that is not there at all came with a newer version.
  return keymapOf(keysBy((deed) => known[deed] ?? free(deed)))
}

function understood(kept: string | null): Partial<Keys> | null {
  const value = parsed(kept)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const entries: [string, unknown][] = Object.entries(value)
  const known: Partial<Keys> = {}
  const seen = new Set<string>()
  for (const [deed, keys] of entries) {
    if (!isDeed(deed) || !Array.isArray(keys)) return null
    const list: unknown[] = keys
    known[deed] = []
    for (const key of list) {
      if (typeof key !== 'string' || !canBeKey(key) || seen.has(key)) return null
      seen.add(key)
      known[deed].push(key)
    }
  }
  return known
}

function parsed(kept: string | null): unknown {
  try {
    return JSON.parse(kept ?? 'null')
  } catch {
    return null
  }
}

function isDeed(name: string): name is Deed {
  return Object.hasOwn(deeds, name)
}

function keysOf(keymap: Keymap): Keys {
  return keysBy((deed) =>
    keymap.filter((binding) => binding.deed === deed && !binding.ctrl).map(({ key }) => key),
  )
}

function keysBy(keys: (deed: Deed) => string[]): Keys {
  return Object.fromEntries(allDeeds().map((deed) => [deed, keys(deed)])) as Keys
}
