import { describe, expect, it } from 'vitest'
import {
  allDeeds,
  ariaFor,
  type Binding,
  boundTo,
  capFor,
  capsOf,
  deedOf,
  groups,
  type Pressed,
  presets,
} from './bindings'
import { pressed } from './pressed'

const press = (key: string, more: Partial<Pressed> = {}) =>
  deedOf(pressed(key, more), presets.sluice)

describe('a key press', () => {
  it('answers by one key, capital or not', () => {
    expect([press('f'), press('J', { shiftKey: true }), press('s')]).toEqual([
      'positive',
      'negative',
      'skip',
    ])
  })

  it('undoes and redoes, with Ctrl or Cmd, with and without caps lock', () => {
    expect(press('Backspace')).toBe('undo')
    for (const held of [{ ctrlKey: true }, { metaKey: true }]) {
      expect(press('z', held)).toBe('undo')
      expect(press('Z', held)).toBe('undo')
      expect(press('Z', { ...held, shiftKey: true })).toBe('redo')
      expect(press('z', { ...held, shiftKey: true })).toBe('redo')
      expect(press('y', held)).toBe('redo')
      expect(press('y', { ...held, shiftKey: true })).toBeNull()
    }
    expect([press('z'), press('y')]).toEqual([null, null])
  })

  it('finds every key of the table', () => {
    const keys = [' ', 'a', '[', ']', '+', '=', '-', '−', '0', '1', 'h', 'p', 'e', '?']
    expect(keys.map((key) => press(key))).toEqual([
      ...['pause', 'auto', 'slower', 'faster', 'zoomIn', 'zoomIn', 'zoomOut', 'zoomOut'],
      ...['fit', 'actual', 'history', 'panel', 'finish', 'help'],
    ])
  })

  it('takes a character as it comes, with Shift or without', () => {
    for (const shiftKey of [true, false])
      for (const key of ['+', '?', '0']) expect(press(key, { shiftKey })).not.toBeNull()
  })

  it('leaves the browser its own keys', () => {
    for (const key of ['f', 's', 'j', '+', '-', '0', ' ', 'Backspace'])
      expect(press(key, { ctrlKey: true })).toBeNull()
    for (const key of ['f', 'z']) {
      expect(press(key, { altKey: true })).toBeNull()
      expect(press(key, { altKey: true, ctrlKey: true })).toBeNull()
    }
    for (const key of ['Tab', 'Enter', 'Escape', 'F1', 'Dead', 'Shift'])
      expect(press(key)).toBeNull()
  })

  it('counts once when it is held down, unless it zooms or steps', () => {
    const again = presets.sluice.map(({ key, ctrl, shift }) =>
      press(key, { ctrlKey: ctrl, shiftKey: shift, repeat: true }),
    )
    expect([...new Set(again)].sort()).toEqual(['back', null, 'on', 'zoomIn', 'zoomOut'])
    expect(boundTo(pressed(' ', { repeat: true }), presets.sluice)).toBe('pause')
  })
})

describe('another layout', () => {
  it('is known by the place of the key where it has no Latin letters', () => {
    expect(press('а', { code: 'KeyF' })).toBe('positive')
    expect(press('О', { code: 'KeyJ', shiftKey: true })).toBe('negative')
    expect(press('я', { code: 'KeyZ', ctrlKey: true })).toBe('undo')
    expect(press('φ', { code: 'KeyF', altKey: true })).toBeNull()
  })

  it('has its own letters first', () => {
    const own: Binding[] = [{ key: 'а', deed: 'skip' }, ...presets.sluice]
    expect(deedOf(pressed('А', { code: 'KeyF' }), own)).toBe('skip')
  })

  it('means what it says where it is Latin', () => {
    // Dvorak: 'u' lies where 'f' does elsewhere.
    expect(press('u', { code: 'KeyF' })).toBeNull()
    expect(press('f', { code: 'KeyY' })).toBe('positive')
    for (const key of ['đ', 'ü', '«', '5']) expect(press(key, { code: 'KeyF' })).toBeNull()
  })

  it('has no deed at the place of a key that is no letter', () => {
    for (const code of ['Semicolon', 'Digit0', '', 'KeyFF']) expect(press('ж', { code })).toBeNull()
  })
})

describe('the presets', () => {
  it('have no key twice', () => {
    for (const keymap of Object.values(presets)) {
      const keys = keymap.map(({ key, ctrl, shift }) => `${key} ${ctrl} ${shift}`)
      expect(new Set(keys).size).toBe(keys.length)
    }
  })

  it('have a key for every deed, and every deed is in one group', () => {
    for (const keymap of Object.values(presets))
      for (const deed of allDeeds()) expect(capFor(deed, keymap)).not.toBe('')
    expect(groups.flatMap(({ deeds }) => deeds).sort()).toEqual(allDeeds().sort())
  })

  it('has the answers of Prodigy, and leaves the rest', () => {
    const prodigy = (key: string) => deedOf(pressed(key), presets.prodigy)
    expect(['a', 'x', ' ', 'Backspace', 't', 'b', 'f', 'j', 's', 'h', 'e'].map(prodigy)).toEqual([
      ...['positive', 'negative', 'skip', 'undo', 'auto', 'pause'],
      ...[null, null, null, 'history', 'finish'],
    ])
  })
})

describe('a key in words', () => {
  it('is written on caps as on the keyboard, what looks the same once', () => {
    expect(capsOf('undo', presets.sluice)).toEqual(['⌫', 'Ctrl + Z'])
    expect(capsOf('redo', presets.sluice)).toEqual(['Ctrl + Shift + Z', 'Ctrl + Y'])
    expect(capsOf('zoomOut', presets.sluice)).toEqual(['−'])
    expect(capFor('pause', presets.sluice)).toBe('Space')
    expect(capFor('skip', [{ key: 'ß', deed: 'skip' }])).toBe('ß')
    expect(capFor('skip', [])).toBe('')
  })

  it('is written for screen readers', () => {
    expect(ariaFor('undo', presets.sluice)).toBe('Backspace Control+Z')
    expect(ariaFor('redo', presets.sluice)).toBe('Control+Shift+Z Control+Y')
    expect(ariaFor('pause', presets.sluice)).toBe('Space')
    expect(ariaFor('zoomIn', presets.sluice)).toBe('Plus =')
    expect(ariaFor('skip', [])).toBeUndefined()
  })
})
