import { expect, it } from 'vitest'
import type { Charts } from '../../protocol'
import { kinds } from './charts'
import { type ChartKind, hasNumbers, rowToTell, told } from './kind'

const charts: Charts = {
  looks: [10, 20],
  positives: [2, 6],
  agreement: [null, 0.825],
  seconds_per_look: [null, 1.25],
  ranking_age: [null, 2.04],
  models: [{ looks: 20, loss: 0.41237 }],
  cycles: [{ looks: 18, loss: 0.3, learning_rate: 0.00031, steps: 120, seconds: 8 }],
  calibration: [{ answers: 10, positives: 9, said: 0.93 }],
  times: [
    { up_to: 1, answers: 4 },
    { up_to: 2, answers: 9 },
    { up_to: null, answers: 1 },
  ],
}

const all: ChartKind[] = Object.values(kinds).flat()
const newest = (kind: ChartKind) => {
  const columns = kind.numbers(charts, 60)
  return told(kind, columns, rowToTell(kind, columns, null))
}

it('every chart has a file of its own, and a name for each of its columns', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  for (const { name, columns, numbers } of all) {
    expect(name).toMatch(/^[a-z-]+$/)
    const lengths = numbers(charts, 60).map(({ length }) => length)
    expect([name, lengths.length]).toEqual([name, columns.length])
    expect(new Set(lengths).size).toBe(1)
  }
})

it('every chart tells its newest numbers in words', () => {
  expect(all.map(newest)).toEqual([
    'after 20 looks: found 6; chance, at least 2.0',
    'after 20 looks: right 83 %',
    'said 93 %: were positive 90 %; answers 10',
    'after 20 looks: loss 0.412 nats',
    'after 18 looks: loss 0.300 nats; learning rate 0.00031; steps 120; time 8.0 s',
    'after 20 looks: age 2.0 answers',
    'after 20 looks: time 1.3 s',
    // Of a histogram it is the highest bar.
    'longer than 1 s, up to 2 s: answers 9',
  ])
})

it('a chart without any number is not drawn; the first one begins at nothing', () => {
  const none = [null, null]
  const early = {
    ...charts,
    agreement: none,
    seconds_per_look: none,
    ranking_age: none,
    models: [],
    cycles: [],
    calibration: [],
    times: [{ up_to: null, answers: 0 }],
  }
  const drawn = (charts: Charts) =>
    all.filter((kind) => hasNumbers(kind, kind.numbers(charts, 60))).map(({ name }) => name)
  expect(drawn(early)).toEqual(['positives'])
  expect(drawn(charts)).toEqual(all.map(({ name }) => name))
})

it('the row that is pointed at is told, as far as there is one', () => {
  const [found] = kinds.first
  if (!found) throw new Error('it is gone')
  const columns = found.numbers(charts, 60)
  expect([null, 1, 7].map((pointed) => rowToTell(found, columns, pointed))).toEqual([2, 1, 2])
})

it('what is not known has a dash', () => {
  const [agreement] = kinds.learning
  if (!agreement) throw new Error('it is gone')
  expect(told(agreement, agreement.numbers(charts, 60), 0)).toBe('after 10 looks: right –')
})
