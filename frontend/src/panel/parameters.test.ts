import { expect, it } from 'vitest'
import type { Parameter, Value } from '../protocol'
import { inRange, read, text } from './parameters'

const parameter = (type: Value, range: [number, number] | null = null): Parameter => ({
  name: 'p',
  default: type,
  range,
  choices: [],
  help: '',
})

it('reads what was written as the type of the parameter', () => {
  expect(read(parameter({ integer: 1 }), '12')).toEqual({ integer: 12 })
  expect(read(parameter({ number: 1 }), '0.25')).toEqual({ number: 0.25 })
  expect(read(parameter({ boolean: false }), 'true')).toEqual({ boolean: true })
  expect(read(parameter({ text: '' }), ' 12')).toEqual({ text: ' 12' })
})

it('does not take what is no number for one', () => {
  for (const written of ['', ' ', 'x', '1e999', '12px'])
    expect(read(parameter({ number: 1 }), written)).toBeNull()
  for (const written of ['1.5', '1e300'])
    expect(read(parameter({ integer: 1 }), written)).toBeNull()
})

it('knows the range', () => {
  const ranged = parameter({ integer: 5 }, [1, 9])
  expect([0, 1, 9, 10].map((integer) => inRange(ranged, { integer }))).toEqual([
    false,
    true,
    true,
    false,
  ])
  expect(inRange(parameter({ number: 1 }), { number: -1e9 })).toBe(true)
})

it('shows a value as it is written', () => {
  expect([{ boolean: true }, { integer: 3 }, { text: 'a b' }].map(text)).toEqual([
    'true',
    '3',
    'a b',
  ])
})
