import { expect, it } from 'vitest'
import {
  chosenOf,
  fromPercent,
  inPercent,
  moved,
  stepped,
  thresholdsOf,
  turned,
  wrong,
} from './chosen'

const both = { above: 0.934_712, below: 0.0312 }

it('leaves what was suggested as it is until it is moved', () => {
  expect(thresholdsOf(chosenOf(both))).toEqual(both)
  expect(thresholdsOf(moved(chosenOf(both), 'above', 0.5))).toEqual({ ...both, above: 0.5 })
})

it('keeps the place of a threshold that is turned off', () => {
  const off = turned(chosenOf(both), 'below', false)
  expect(thresholdsOf(off)).toEqual({ above: both.above, below: null })
  expect(thresholdsOf(turned(off, 'below', true))).toEqual(both)
})

it('begins somewhere where nothing was suggested, and never with a contradiction', () => {
  const none = chosenOf({ above: null, below: null })
  expect(thresholdsOf(turned(none, 'above', true))).toEqual({ above: 0.9, below: null })
  expect(thresholdsOf(turned(none, 'below', true))).toEqual({ above: null, below: 0.1 })
  const rare = chosenOf({ above: 0.05, below: null })
  expect(thresholdsOf(turned(rare, 'below', true))).toEqual({ above: 0.05, below: 0.049 })
  const common = chosenOf({ above: null, below: 0.95 })
  expect(thresholdsOf(turned(common, 'above', true))).toEqual({ above: 0.951, below: 0.95 })
})

it('says why nothing can be labelled', () => {
  expect(wrong({ above: null, below: null })).toContain('Turn on')
  expect(wrong({ above: 0.5, below: 0.5 })).toContain('below')
  expect(wrong({ above: 0.4, below: 0.6 })).toContain('below')
  const right = [both, { above: 0.5, below: null }, { above: null, below: 0.5 }]
  expect(right.map(wrong)).toEqual([null, null, null])
})

it('steps along the marks, from one end to the other', () => {
  expect([stepped(0.934_712, 1), stepped(0.9, -1), stepped(0.3, 10)]).toEqual([0.936, 0.899, 0.31])
  expect([stepped(0, -1), stepped(1, 1)]).toEqual([0, 1])
})

it('writes per cent to a tenth, and never calls something nothing', () => {
  expect([0, 0.5, 0.934_712, 1].map(inPercent)).toEqual(['0.0', '50.0', '93.5', '100.0'])
  expect([0.0003, 0.000_04, 0.999_96].map(inPercent)).toEqual(['0.03', '0.004', '99.996'])
  expect(inPercent(1e-9)).toBe('0.0000')
})

it('reads what was typed as far as it is a share', () => {
  expect(['93.5', ' 0 ', '100'].map(fromPercent)).toEqual([0.935, 0, 1])
  expect(['', ' ', '-1', '100.1', 'x', '1e'].map(fromPercent)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
  ])
})
