import { describe, expect, it } from 'vitest'
import {
  allDeeds,
  capsOf,
  type Deed,
  deedOf,
  type Keymap,
  keymapOf,
  presets,
  standard,
} from './bindings'
import { pressed as press } from './pressed'
import { presetOf, read, rebind, refusal, told, written } from './remap'

const { sluice, prodigy } = presets
const doing = (keymap: Keymap, ...keys: string[]) => keys.map((key) => deedOf(press(key), keymap))

describe('another key', () => {
  it('is the only one of its deed', () => {
    const { keymap, taken } = rebind(sluice, 'zoomIn', press('I', { shiftKey: true }))
    expect(taken).toBeNull()
    expect(doing(keymap, 'i', '+', '=')).toEqual(['zoomIn', null, null])
  })

  it('leaves those with Ctrl', () => {
    const { keymap } = rebind(sluice, 'undo', press('u'))
    expect(capsOf('undo', keymap)).toEqual(['U', 'Ctrl + Z'])
    expect(capsOf('redo', rebind(keymap, 'redo', press('r')).keymap)[0]).toBe('R')
  })

  it('is taken from the deed that had it, and from no other', () => {
    const { keymap, taken } = rebind(sluice, 'negative', press('f'))
    expect(taken).toBe('positive')
    expect(doing(keymap, 'f', 'j')).toEqual(['negative', null])
    for (const deed of allDeeds().filter((deed) => deed !== 'positive' && deed !== 'negative'))
      expect(capsOf(deed, keymap)).toEqual(capsOf(deed, sluice))
  })

  it('may be the one it was, and then nobody lost it', () => {
    const { keymap, taken } = rebind(sluice, 'positive', press('F'))
    expect([taken, presetOf(keymap)]).toEqual([null, 'sluice'])
  })

  it('is one place on the keyboard, whichever alphabet it is set to', () => {
    const { keymap, taken } = rebind(sluice, 'skip', press('а', { code: 'KeyF' }))
    expect(taken).toBe('positive')
    expect(deedOf(press('а', { code: 'KeyF' }), keymap)).toBe('skip')
    expect(capsOf('positive', keymap)).toEqual([])
  })

  it('does not change the keymap it came from', () => {
    const before = JSON.stringify(sluice)
    rebind(sluice, 'negative', press('f'))
    expect(JSON.stringify(sluice)).toBe(before)
  })

  it('never has two deeds, whatever is pressed', () => {
    let keymap = sluice
    const keys = ['f', 'j', ' ', '−', '+', 'Backspace', '?', 'ß', 'ArrowUp', '0', 'a']
    for (let turn = 0; turn < 500; turn++) {
      const deed = allDeeds()[(turn * 7) % allDeeds().length] as Deed
      keymap = rebind(keymap, deed, press(keys[(turn * 5) % keys.length] as string)).keymap
      const all = keymap.map(({ key, ctrl, shift }) => `${key} ${ctrl} ${shift}`)
      expect(new Set(all).size).toBe(all.length)
      expect(read(written(keymap))).toEqual(keymap)
    }
  })
})

describe('what is said of a change', () => {
  const saidOf = (deed: Deed, key: string) => {
    const { keymap, taken } = rebind(sluice, deed, press(key))
    return told(deed, taken, keymap)
  }

  it('names the deed that has no key now, or which it still has', () => {
    expect(saidOf('skip', 'k')).toBe("“Skip: can't say” is on K now.")
    expect(saidOf('negative', 'f')).toBe(
      '“No: negative” is on F now. It was: “Yes: positive”, which has no key now.',
    )
    expect(saidOf('negative', 'Backspace')).toContain(
      'on ⌫ now. It was: “Undo the last look”, which still has Ctrl + Z.',
    )
    expect(saidOf('help', '+')).toContain('“Zoom in”, which still has =.')
  })
})

describe('what can be a key', () => {
  it('is a character or a key with a name of its own', () => {
    for (const key of [
      'f',
      'F',
      ' ',
      '[',
      '−',
      '7',
      'ж',
      '中',
      'ß',
      'Backspace',
      'ArrowLeft',
      'End',
    ])
      expect(refusal(press(key))).toBeNull()
  })

  it('is not what the browser needs, and it is said why', () => {
    const not = ['Tab', 'Escape', 'Enter', 'F1', 'F12', 'Shift', 'Control', 'Meta', 'CapsLock']
    for (const key of [...not, 'Dead', 'Unidentified', 'Process', 'ContextMenu', '\u00a0', ''])
      expect(refusal(press(key))).toMatch(/^[A-Z].*\.$/)
    for (const held of ['ctrlKey', 'metaKey', 'altKey'])
      expect(refusal(press('f', { [held]: true }))).toContain('Ctrl, Cmd or Alt')
    // Ctrl says of itself that it is held.
    expect(refusal(press('Control', { ctrlKey: true }))).toContain('by themselves')
  })
})

describe('the kept keys', () => {
  const kept = (change: object) => read(JSON.stringify({ ...standard, ...change }))

  it('come back as they were', () => {
    const own = rebind(rebind(prodigy, 'redo', press('r')).keymap, 'positive', press('x')).keymap
    for (const keymap of [sluice, prodigy, own]) expect(read(written(keymap))).toEqual(keymap)
  })

  it('leave a deed without a key that lost it, though its old key is free again', () => {
    const lost = rebind(sluice, 'negative', press('f')).keymap
    const own = rebind(lost, 'negative', press('k')).keymap
    expect(doing(read(written(own)), 'f')).toEqual([null])
  })

  it('are the usual ones where nothing is kept, or nothing that is understood', () => {
    const strange = [null, '', 'f', '{', 'null', '7', '"f"', '[]', '[["positive","f"]]', 'true']
    for (const text of strange) expect(read(text)).toEqual(sluice)
  })

  it('are not believed where only a part is wrong', () => {
    const wrong: object[] = [
      { positive: 'k' },
      { positive: null },
      { positive: { 0: 'k' } },
      { positive: ['k', 7] },
      { positive: [['k']] },
      { positive: ['K'] },
      { positive: ['kk'] },
      { positive: ['Tab'] },
      { positive: [''] },
      { positive: ['k', 'k'] },
      // The key of another deed.
      { positive: ['j'] },
      { positive: ['k'], explode: [] },
      { positive: ['k'], toString: ['q'] },
    ]
    for (const change of wrong) expect(kept(change)).toEqual(sluice)
    expect(read('{"positive":["k"],"__proto__":["q"]}')).toEqual(sluice)
    expect(doing(kept({ positive: ['k'] }), 'k', 'f')).toEqual(['positive', null])
  })

  it('get the deeds of a newer version, where their key is free', () => {
    const { history, auto, zoomIn, ...older } = standard
    const text = JSON.stringify({ ...older, skip: ['h'], fit: ['='] })
    const keymap = read(text)
    expect(doing(keymap, 'h', 'a', '+', '=')).toEqual(['skip', 'auto', 'zoomIn', 'fit'])
    expect(capsOf('history', keymap)).toEqual([])
    expect([history, auto, zoomIn]).toEqual([['h'], ['a'], ['+', '=']])
  })
})

it('knows a preset whichever way it came about, and what is nobody’s', () => {
  expect([presetOf(sluice), presetOf(prodigy)]).toEqual(['sluice', 'prodigy'])
  const own = rebind(sluice, 'skip', press('k')).keymap
  expect(presetOf(own)).toBeNull()
  expect(presetOf(rebind(own, 'skip', press('s')).keymap)).toBe('sluice')
  expect(presetOf(keymapOf({ ...standard, zoomIn: ['+'] }))).toBeNull()
})
