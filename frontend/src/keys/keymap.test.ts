import { afterEach, expect, it, vi } from 'vitest'
import { deedOf, presets } from './bindings'
import { pressed as press } from './pressed'

/** The page as if loaded anew, in a browser that keeps things so. */
function load(localStorage: Pick<Storage, 'getItem' | 'setItem'>) {
  vi.resetModules()
  vi.stubGlobal('localStorage', localStorage)
  return import('./keymap')
}

function storage(kept = new Map<string, string>()) {
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
}

afterEach(() => vi.unstubAllGlobals())

it('remembers the keys after a reload', async () => {
  const kept = storage()
  const before = await load(kept)
  expect(before.changeKey('negative', press('f'))).toBe('positive')
  const after = await load(kept)
  expect(after.keymap.value).toEqual(before.keymap.value)
  after.choosePreset('prodigy')
  expect((await load(kept)).keymap.value).toEqual(presets.prodigy)
})

it('does not mind what another program kept under its name', async () => {
  const { keymap } = await load(storage(new Map([['sluice-keys', '{"positive":7}']])))
  expect(keymap.value).toEqual(presets.sluice)
})

it('works for the visit where the browser keeps nothing', async () => {
  const refuse = () => {
    throw new Error('SecurityError')
  }
  const { keymap, changeKey, choosePreset } = await load({ getItem: refuse, setItem: refuse })
  changeKey('skip', press('k'))
  expect(deedOf(press('k'), keymap.value)).toBe('skip')
  choosePreset('prodigy')
  expect(keymap.value).toEqual(presets.prodigy)
})
