import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Deed } from './bindings'
import { listen } from './listen'

/** As much of an element as the listener looks at. */
class Thing {
  blurred = false
  constructor(
    readonly localName: string,
    readonly type?: string,
    readonly inDialog = false,
  ) {}
  blur() {
    this.blurred = true
  }
  matches(selector: string) {
    return selector === `.${this.type}`
  }
  closest(selector: string) {
    if (selector === 'dialog') return this.inDialog ? this : null
    return selector.split(', ').includes(this.localName) ? this : null
  }
}

const page = new Thing('body')
let done: Deed[] = []
let stop = () => {}
let dialog: Thing | null = null

beforeEach(() => {
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('Element', Thing)
  vi.stubGlobal('HTMLElement', Thing)
  vi.stubGlobal('document', { querySelector: () => dialog })
  done = []
  dialog = null
  stop = listen((deed) => done.push(deed))
})
afterEach(() => vi.unstubAllGlobals())

/** An event at the window; whether the browser may still do its own. */
function happens(type: string, target: Thing, more: object): boolean {
  const event = new Event(type, { cancelable: true })
  for (const [name, value] of Object.entries({ target, ...more }))
    Object.defineProperty(event, name, { value })
  return window.dispatchEvent(event)
}
const press = (key: string, target = page, more: object = {}) =>
  happens('keydown', target, { key, code: '', ...NONE, ...more })
const NONE = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, repeat: false }

it('does the deed instead of what the browser would', () => {
  expect([press('f'), press(' '), press('q')]).toEqual([false, false, true])
  expect(done).toEqual(['positive', 'pause'])
  stop()
  expect(press('f')).toBe(true)
})

it('does not scroll by a key held down, and does not answer either', () => {
  expect(press(' ', page, { repeat: true })).toBe(false)
  press('+', page, { repeat: true })
  expect(done).toEqual(['zoomIn'])
})

it('leaves alone what was taken already, and what is being composed', () => {
  expect(press('f', page, { isComposing: true })).toBe(true)
  press('f', page, { defaultPrevented: true })
  expect(done).toEqual([])
})

describe('what has the focus', () => {
  it('takes all keys where it can be written in', () => {
    const fields = [new Thing('input', 'number'), new Thing('select'), new Thing('textarea')]
    for (const field of fields)
      for (const key of ['f', 'Backspace', ' ', '1']) expect(press(key, field)).toBe(true)
    expect(press('z', new Thing('input', 'text'), { ctrlKey: true })).toBe(true)
    expect(done).toEqual([])
  })

  it('takes only Space and the arrows where it can be moved', () => {
    for (const type of ['checkbox', 'range', 'radio']) {
      const field = new Thing('input', type)
      expect([press(' ', field), press('ArrowLeft', field)]).toEqual([true, true])
      press('f', field)
      press('z', field, { ctrlKey: true })
    }
    expect(done).toEqual(['positive', 'undo', 'positive', 'undo', 'positive', 'undo'])
  })

  it('takes only Space and Enter where it can be pressed', () => {
    for (const name of ['button', 'summary']) {
      const button = new Thing(name)
      expect([press(' ', button), press('Enter', button), press('j', button)]).toEqual([
        true,
        true,
        false,
      ])
    }
    expect(done).toEqual(['negative', 'negative'])
  })
})

describe('a button', () => {
  it('lets go of the keys after a click by mouse or finger', () => {
    for (const button of [new Thing('button'), new Thing('summary')]) {
      happens('click', button, { detail: 1 })
      expect(button.blurred).toBe(true)
    }
  })

  it('keeps the focus after a click by keyboard, and in a dialogue', () => {
    const [pressed, inside] = [new Thing('button'), new Thing('button', 'button', true)]
    happens('click', pressed, { detail: 0 })
    happens('click', inside, { detail: 1 })
    expect([pressed.blurred, inside.blurred]).toEqual([false, false])
  })
})

describe('a dialogue', () => {
  it('hides the picture from every key; its own one closes the keys', () => {
    dialog = new Thing('dialog', 'keys')
    for (const key of ['f', 'Backspace', ' ', 'p']) expect(press(key)).toBe(true)
    press('?')
    expect(done).toEqual(['help'])
  })

  it('about the model labelling the rest is closed by its own key only', () => {
    dialog = new Thing('dialog', 'finish')
    for (const key of ['f', 'j', ' ', 'Backspace', '?']) expect(press(key)).toBe(true)
    press('e')
    expect(done).toEqual(['finish'])
  })

  it('of another kind is not covered by the keys', () => {
    dialog = new Thing('dialog', 'other')
    for (const key of ['?', 'e']) press(key)
    expect(done).toEqual([])
  })
})
