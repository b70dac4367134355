import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ToPage, ToServer } from '../protocol'

/** A line to a server that this test plays. */
class Line {
  static readonly OPEN = 1
  static all: Line[] = []
  readyState = 0
  sent: ToServer[] = []
  onopen = () => {}
  onclose: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null

  constructor() {
    Line.all.push(this)
  }
  send(text: string) {
    this.sent.push(JSON.parse(text))
  }
  greet(session = 's') {
    this.readyState = Line.OPEN
    this.onopen()
    this.say({ type: 'welcome', session, question: '?' } as ToPage)
  }
  say(message: ToPage) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
  break() {
    this.readyState = 3
    this.onclose?.()
    vi.runOnlyPendingTimers()
  }
  steps() {
    return this.sent.filter(({ type }) => type === 'finish' || type === 'revoke')
  }
  wishes() {
    return this.sent.filter(({ type }) => type.startsWith('want_'))
  }
}

const line = () => {
  const newest = Line.all.at(-1)
  if (!newest) throw new Error('nobody has connected')
  return newest
}
const charts = (...looks: number[]) => ({ type: 'charts', looks, positives: looks }) as ToPage
const wanted = { type: 'want_charts', wanted: true }
const unwanted = { type: 'want_charts', wanted: false }

let store: typeof import('./store')

beforeEach(async () => {
  vi.useFakeTimers()
  vi.resetModules()
  Line.all = []
  vi.stubGlobal('WebSocket', Line)
  vi.stubGlobal('location', { protocol: 'http:', host: 'here' })
  vi.stubGlobal('window', new EventTarget())
  vi.stubGlobal('navigator', {})
  store = await import('./store')
  store.begin()
  return () => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  }
})

it('charts are wanted as soon as there is a server, and again after each new connection', () => {
  store.wantCharts(true)
  expect(line().wishes()).toEqual([])
  line().greet()
  expect(line().wishes()).toEqual([wanted])
  line().break()
  expect(Line.all).toHaveLength(2)
  line().greet()
  expect(line().sent.map(({ type }) => type)).toEqual(['hello', 'want_charts'])
})

it('charts that are not wanted any more are not asked for after a new connection', () => {
  line().greet()
  store.wantCharts(true)
  store.wantCharts(false)
  expect(line().wishes()).toEqual([wanted, unwanted])
  line().break()
  line().greet()
  expect(line().wishes()).toEqual([])
})

it('charts and history are wanted beside each other', () => {
  line().greet()
  store.wantHistory(60, 'all')
  store.wantCharts(true)
  store.wantHistory(0, 'all')
  line().break()
  line().greet()
  expect(line().wishes()).toEqual([wanted])
})

it('charts stay while nobody wants more of them, and go with their session', () => {
  line().greet()
  line().say(charts(1, 2))
  store.wantCharts(false)
  expect(store.state.value.charts?.looks).toEqual([1, 2])
  line().break()
  line().greet()
  expect(store.state.value.charts?.looks).toEqual([1, 2])
  line().break()
  line().greet('another')
  expect(store.state.value.charts).toBeNull()
})

describe('a step of many labels', () => {
  const thresholds = { above: 0.9, below: null }
  const id = () => {
    const [step] = line().steps()
    return step && 'id' in step ? step.id : ''
  }

  it('is sent again with the same id until the server has heard of it', () => {
    line().greet()
    store.openFinish()
    store.labelRest(thresholds, 40)
    const sent = { type: 'finish', id: expect.any(String), thresholds }
    expect(line().steps()).toEqual([sent])
    const first = id()
    line().break()
    line().greet()
    expect(line().steps()).toEqual([{ ...sent, id: first }])
    line().say({ type: 'ack', id: first, seq: 9, look: null })
    expect(store.state.value.step?.came).toEqual({ done: true })
    line().break()
    line().greet()
    expect(line().steps()).toEqual([])
  })

  it('that was refused is not sent again', () => {
    line().greet()
    store.openFinish()
    store.labelRest(thresholds, 40)
    line().say({ type: 'refused', id: id(), why: 'there is no model', retry: false })
    line().break()
    line().greet()
    expect(line().steps()).toEqual([])
  })

  it('is asked for one at a time, and never reaches another session', () => {
    line().greet()
    store.labelRest(thresholds, 40)
    const made = { bulk: 3, labels: 7 } as Parameters<typeof store.takeStepBack>[0]
    store.takeStepBack(made)
    expect(line().steps()).toHaveLength(1)
    line().break()
    line().greet('another')
    expect(line().steps()).toEqual([])
    store.takeStepBack(made)
    expect(line().steps()).toEqual([{ type: 'revoke', id: expect.any(String), bulk: 3 }])
  })

  it('is opened only where there is a session', () => {
    store.openFinish()
    expect([store.state.value.finishing, store.askFinish(null)]).toEqual([false, false])
    line().greet()
    store.openFinish()
    expect([store.state.value.finishing, store.askFinish(null)]).toEqual([true, true])
    expect(line().sent.at(-1)).toEqual({ type: 'want_finish', thresholds: null })
  })
})

describe('a replay', () => {
  const moment = (looks: number) => ({ seq: looks, time_us: looks, looks })
  const look = (seq: number, image: number) =>
    ({ seq, image, answer: 'negative', probability: null }) as const
  const stands = (looks: number) =>
    ({
      type: 'replay',
      moment: moment(looks),
      given: looks > 0 ? look(looks, looks) : null,
      next: look(looks + 1, looks + 1),
      pause: null,
      playing: true,
      speed: 1,
    }) as ToPage

  it('lights an answer for a moment, on the picture that it was given to', async () => {
    line().readyState = Line.OPEN
    line().onopen()
    const span = { moments: [moment(0)], steps: [] }
    line().say({ type: 'welcome', session: 's-replay', question: '?', replay: span } as never)
    const shows = () => {
      const { current, replay } = store.state.value
      return [current?.image, replay?.lit?.image]
    }
    line().say(stands(0))
    expect(shows()).toEqual([1, undefined])
    line().say(stands(1))
    vi.advanceTimersByTime(store.LIT_MS - 1)
    expect(shows()).toEqual([1, 1])
    vi.advanceTimersByTime(1)
    expect(shows()).toEqual([2, undefined])
    // Another one that is given meanwhile has its own time.
    line().say(stands(2))
    vi.advanceTimersByTime(store.LIT_MS - 1)
    line().say(stands(3))
    vi.advanceTimersByTime(store.LIT_MS - 1)
    expect(shows()).toEqual([4, 3])
    // No answer is given to what is on the screen.
    const { placed } = await import('./attention')
    placed.value = store.state.value.current?.image ?? null
    store.answer('positive')
    store.answerByClock(4)
    expect([store.state.value.pending, line().sent.at(-1)?.type]).toEqual([[], 'hello'])
    expect(store.replay({ step: -1 })).toBe(true)
    expect(line().sent.at(-1)).toEqual({ type: 'replay', wish: { step: -1 } })
    line().break()
    expect(store.replay({ step: -1 })).toBe(false)
  })
})
