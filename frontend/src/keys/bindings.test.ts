import { expect, it } from 'vitest'
import { bindings, capFor, deedOf, deeds } from './bindings'

const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
  deedOf({
    key,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    repeat: false,
    ...more,
  })

it('answers by one key, capital or not', () => {
  expect([press('f'), press('J', { shiftKey: true }), press('s')]).toEqual([
    'positive',
    'negative',
    'skip',
  ])
})

it('undoes and redoes', () => {
  expect(press('Backspace')).toBe('undo')
  expect(press('z', { ctrlKey: true })).toBe('undo')
  expect(press('Z', { metaKey: true, shiftKey: true })).toBe('redo')
})

it('leaves the browser its own keys', () => {
  for (const key of ['f', 's', 'j']) expect(press(key, { ctrlKey: true })).toBeNull()
  expect(press('f', { altKey: true })).toBeNull()
  expect(press('Tab')).toBeNull()
})

it('does not answer again while a key is held down', () => {
  expect(press('f', { repeat: true })).toBeNull()
})

it('names a key for every deed, and no key twice', () => {
  for (const deed of Object.keys(deeds)) expect(capFor(deed as keyof typeof deeds)).not.toBe('')
  const keys = bindings.map(({ key, ctrl, shift }) => `${key} ${ctrl} ${shift}`)
  expect(new Set(keys).size).toBe(keys.length)
})
