import { expect, it } from 'vitest'
import { allDeeds } from '../keys/bindings'
import type { Replay } from '../protocol'
import { faster, isAsEver, slower, wishOf } from './deeds'

const at = (more: Partial<Replay> = {}): Replay => ({
  moment: { seq: 1, time_us: 1, looks: 0 },
  given: null,
  next: null,
  pause: null,
  playing: false,
  speed: 1,
  ...more,
})

it('plays, stands, steps, and goes faster and slower', () => {
  expect(wishOf('pause', at())).toEqual({ play: true })
  expect(wishOf('pause', at({ playing: true }))).toEqual({ play: false })
  expect([wishOf('back', at()), wishOf('on', at())]).toEqual([{ step: -1 }, { step: 1 }])
  expect([wishOf('slower', at()), wishOf('faster', at())]).toEqual([{ speed: 0.5 }, { speed: 2 }])
})

it('leaves the picture to the keys that always change it', () => {
  expect((['zoomIn', 'zoomOut', 'fit', 'actual'] as const).every(isAsEver)).toBe(true)
})

it('answers nothing and changes nothing', () => {
  const deeds = allDeeds().filter((deed) => !isAsEver(deed) && wishOf(deed, at()) === null)
  expect(deeds).toEqual(['positive', 'negative', 'skip', 'undo', 'redo', 'auto', 'finish'])
})

it('knows the next speed above and below, also of a speed that is none of its own', () => {
  expect([0.5, 1, 10, 64, 1000].map(faster)).toEqual([1, 2, 16, 64, 1000])
  expect([0.001, 0.5, 1, 10, 64, 1000].map(slower)).toEqual([0.001, 0.5, 0.5, 8, 32, 64])
})
