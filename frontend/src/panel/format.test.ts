import { expect, it } from 'vitest'
import {
  about,
  counted,
  duration,
  grouped,
  moment,
  percent,
  roughly,
  roughlyBetween,
} from './format'

/** As it would be typed. */
const typed = (text: string) => text.replaceAll('\u202f', '_')

it('writes times as people read them', () => {
  expect([0, 59.4, 61, 3600, 7384].map(duration)).toEqual([
    '0 s',
    '59 s',
    '1 min 1 s',
    '1 h 0 min',
    '2 h 3 min',
  ])
  expect([0.04, 1.25, 12].map(moment)).toEqual(['0.0 s', '1.3 s', '12.0 s'])
})

it('writes shares in per cent', () => {
  expect(percent(0.704)).toBe('70 %')
})

it('groups digits in threes, from five of them on', () => {
  const numbers = [0, 7, 1234, 12_345, 1_234_567, -12_345, 12_345.6789, 0.1 + 0.2]
  expect(numbers.map(grouped).map(typed)).toEqual([
    '0',
    '7',
    '1234',
    '12_345',
    '1_234_567',
    '-12_345',
    '12_345.679',
    '0.3',
  ])
})

it('counts one and many', () => {
  expect([0, 1, 2, 20_000].map((number) => typed(counted(number, 'look')))).toEqual([
    '0 looks',
    '1 look',
    '2 looks',
    '20_000 looks',
  ])
})

it('writes what is expected with two digits', () => {
  expect([0.4, 7.6, 99.4, 99.6, 123, 1278, 48_211].map(about).map(typed)).toEqual([
    '0',
    '8',
    '99',
    '100',
    '120',
    '1300',
    '48_000',
  ])
})

it('writes times that are expected as seconds, minutes or hours', () => {
  expect([0, 0.2, 40, 59.7, 170, 3580, 3600, 9000, 35_960, 36_000, 106_000].map(roughly)).toEqual([
    '0 s',
    '1 s',
    '40 s',
    '1 min',
    '3 min',
    '1 h 0 min',
    '1 h 0 min',
    '2 h 30 min',
    '9 h 59 min',
    '10 h',
    '29 h',
  ])
})

it('writes what such times lie between, a unit that both have once', () => {
  const between = [
    [0, 0.3],
    [0, 400],
    [20, 50],
    [40, 400],
    [120, 400],
    [120, 9000],
    [4800, 9000],
    [40_000, 106_000],
  ] as const
  expect(between.map(([low, high]) => roughlyBetween(low, high))).toEqual([
    '0 to 1 s',
    '0 to 7 min',
    '20 to 50 s',
    '40 s to 7 min',
    '2 to 7 min',
    '2 min to 2 h 30 min',
    '1 h 20 min to 2 h 30 min',
    '11 to 29 h',
  ])
})
