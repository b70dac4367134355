// The keys in use; remembered in this browser.

import { signal } from '@preact/signals'
import { remember, remembered } from '../memory'
import { type Deed, type Keymap, type Preset, type Pressed, presets } from './bindings'
import { read, rebind, written } from './remap'

const KEY = 'sluice-keys'

export const keymap = signal<Keymap>(read(remembered(KEY)))

function use(next: Keymap): void {
  keymap.value = next
  remember(KEY, written(next))
}

/** Gives a deed another key; the deed that lost it, if one did. */
export function changeKey(deed: Deed, pressed: Pressed): Deed | null {
  const { keymap: next, taken } = rebind(keymap.value, deed, pressed)
  use(next)
  return taken
}

export function choosePreset(name: Preset): void {
  use(presets[name])
}
