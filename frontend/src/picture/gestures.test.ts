import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Gestures, wheelFactor } from './gestures'

/** 400 × 300, with its centre at 300, 250. */
class Stage extends EventTarget {
  clientWidth = 400
  clientHeight = 300
  setPointerCapture = () => {}
  getBoundingClientRect = () => ({ left: 100, top: 100, width: 400, height: 300 })
}

class Button extends EventTarget {
  closest = (selector: string) => (selector.includes('button') ? this : null)
}

let stage: Stage
let gestures: Gestures
let told: string[]
let isFit: boolean
let picture: number | null
let now: number

const fire = (type: string, more: object) => {
  const event = new Event(type, { cancelable: true })
  Object.defineProperties(event, {
    timeStamp: { value: now },
    ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, { value }])),
  })
  stage.dispatchEvent(event)
  return event
}
const pointer = (type: string, x: number, y: number, more: object = {}) =>
  fire(`pointer${type}`, {
    pointerId: 1,
    pointerType: 'touch',
    button: 0,
    clientX: x,
    clientY: y,
    ...more,
  })
const second = { pointerId: 2 }
const mouse = { pointerType: 'mouse' }

/** A finger from the centre to there, slowly. */
const draw = (x: number, y: number, more: object = {}) => {
  pointer('down', 300, 250, more)
  for (let step = 1; step <= 10; step++) {
    now += 50
    pointer('move', 300 + (x * step) / 10, 250 + (y * step) / 10, more)
  }
  now += 200
}
const drag = (x: number, y: number, more: object = {}) => {
  draw(x, y, more)
  pointer('up', 300 + x, 250 + y, more)
}
const tap = (x = 300, y = 250, more: object = {}) => {
  pointer('down', x, y, more)
  now += 50
  pointer('up', x, y, more)
}
const toggles = () => told.filter((what) => what.startsWith('toggle'))
const ends = () => told.filter((what) => !what.startsWith('follow'))

beforeEach(() => {
  vi.stubGlobal('Element', Button)
  told = []
  isFit = true
  picture = 7
  now = 1000
  stage = new Stage()
  gestures = new Gestures(stage as unknown as HTMLElement, {
    zoomBy: (factor, { x, y }) => told.push(`zoom ${factor.toFixed(2)} at ${x} ${y}`),
    panBy: (dx, dy) => told.push(`pan ${dx} ${dy}`),
    toggle: ({ x, y }) => told.push(`toggle at ${x} ${y}`),
    isFit: () => isFit,
    picture: () => picture,
    follow: ({ said }) => told.push(`follow ${said}`),
    springBack: () => told.push('spring back'),
    putBack: () => told.push('put back'),
    answer: (said) => told.push(said),
  })
})

afterEach(() => vi.unstubAllGlobals())

it('answers by one finger, with the picture back in its place before the next comes', () => {
  drag(110, 0)
  drag(-110, 0)
  drag(0, -110)
  expect(ends()).toEqual(['put back', 'positive', 'put back', 'negative', 'put back', 'skip'])
  expect(told[0]).toBe('follow positive')
})

it('springs back from what is too short, goes down, or is cancelled', () => {
  drag(60, 0)
  drag(0, 200)
  draw(300, 0)
  pointer('cancel', 600, 250)
  pointer('up', 600, 250)
  draw(300, 0)
  fire('lostpointercapture', { pointerId: 1 })
  expect(ends()).toEqual(['spring back', 'spring back', 'spring back', 'spring back'])
})

it('answers only about the picture that was swiped', () => {
  draw(200, 0)
  picture = 8
  pointer('up', 500, 250)
  expect(ends()).toEqual(['put back'])
  told = []
  draw(200, 0)
  gestures.drop()
  pointer('move', 590, 250)
  pointer('up', 600, 250)
  expect(ends()).toEqual(['put back'])
  told = []
  picture = null
  drag(200, 0)
  expect(told).toEqual([])
})

it('says that a swipe is under way, and when it is over', () => {
  draw(200, 0)
  expect(gestures.isSwiping).toBe(true)
  pointer('cancel', 500, 250)
  expect(gestures.isSwiping).toBe(false)
})

it('never answers by mouse, by another button, or from a button', () => {
  drag(200, 0, mouse)
  drag(200, 0, { ...mouse, button: 2 })
  isFit = false
  drag(200, 0, { ...mouse, button: 1 })
  isFit = true
  drag(200, 0, { target: new Button() })
  expect(told).toEqual([])
})

it('moves a picture that is larger than the stage, all the way', () => {
  isFit = false
  for (const more of [mouse, {}]) {
    told = []
    drag(100, 50, more)
    const steps = told.map((what) => what.split(' ').slice(1).map(Number))
    expect(steps.reduce((sum, [dx = 0]) => sum + dx, 0)).toBe(100)
    expect(steps.reduce((sum, [, dy = 0]) => sum + dy, 0)).toBe(50)
  }
})

it('zooms by two fingers about their middle, and does not answer with what is left', () => {
  draw(200, 0)
  told = []
  pointer('down', 300, 250, second)
  pointer('move', 300, 250)
  expect(told.at(0)).toBe('spring back')
  pointer('move', 100, 250, second)
  pointer('move', 500, 250)
  expect(told.slice(-2)).toEqual(['pan 100 0', 'zoom 2.00 at 0 0'])
  told = []
  pointer('up', 100, 250, second)
  pointer('move', 900, 250)
  pointer('up', 900, 250)
  expect(told).toEqual([])
})

it('goes on moving with one finger after a pinch', () => {
  pointer('down', 300, 250)
  pointer('down', 400, 250, second)
  isFit = false
  pointer('up', 300, 250)
  pointer('move', 420, 250, second)
  expect(ends()).toEqual(['spring back', 'pan 20 0'])
})

it('toggles by a double tap or click, not by two slow ones or by a swipe', () => {
  for (const more of [mouse, {}]) {
    tap(310, 250, more)
    now += 100
    tap(312, 251, more)
    expect(toggles()).toEqual(['toggle at 12 1'])
    told = []
    now += 100
    tap(312, 251, more)
    expect(toggles()).toEqual([])
    now += 1000
    tap(312, 251, more)
    now += 100
    tap(390, 251, more)
    now += 1000
    expect(toggles()).toEqual([])
  }
  told = []
  drag(60, 0)
  tap(360, 250)
  expect(toggles()).toEqual([])
  expect(ends()).toEqual(['spring back', 'put back'])
})

it('zooms by the wheel at the pointer, and the page stays where it is', () => {
  const event = fire('wheel', {
    deltaY: -100,
    deltaMode: 0,
    ctrlKey: false,
    clientX: 200,
    clientY: 250,
  })
  expect(event.defaultPrevented).toBe(true)
  expect(told).toEqual(['zoom 1.25 at -100 0'])
})

it('takes lines, pages and pinches of a trackpad for what they are', () => {
  const factor = (deltaY: number, deltaMode = 0, ctrlKey = false) =>
    wheelFactor({ deltaY, deltaMode, ctrlKey }, 600)
  expect(factor(-3, 1)).toBeCloseTo(factor(-48))
  expect(factor(-5, 0, true)).toBeCloseTo(1.051, 3)
  expect(factor(-100, 0, true)).toBeCloseTo(factor(-100))
  expect([factor(1, 2), factor(1e9), factor(-1e9)]).toEqual([0.5, 0.5, 2])
  expect(factor(30) * factor(-30)).toBeCloseTo(1)
})

it('listens no more after its end', () => {
  gestures.end()
  drag(200, 0)
  expect(told).toEqual([])
})
