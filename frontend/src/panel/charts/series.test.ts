import { describe, expect, it } from 'vitest'
import type { Charts } from '../../protocol'
import { calibration, cycles, models, overLooks, positives, rowOf, rowsOf, times } from './series'

const none: Charts = {
  looks: [],
  positives: [],
  agreement: [],
  seconds_per_look: [],
  ranking_age: [],
  models: [],
  cycles: [],
  calibration: [],
  times: [],
}

describe('positives', () => {
  it('are drawn beside chance as if nothing were left to find', () => {
    expect(positives({ ...none, looks: [10, 20], positives: [2, 6] }, 60)).toEqual([
      [0, 10, 20],
      [0, 2, 6],
      [0, 1, 2],
    ])
  })

  it('begin at nothing, also in a pool that is not known', () => {
    expect(positives(none, 0)).toEqual([[0], [0], [0]])
  })
})

it('what is told of each look stands over the looks, gaps included', () => {
  const charts = { ...none, looks: [1, 2], agreement: [null, 0.5] }
  expect(overLooks('agreement')(charts)).toEqual([
    [1, 2],
    [null, 0.5],
  ])
})

describe('models and cycles', () => {
  const cycle = (looks: number, loss: number) => ({
    looks,
    loss,
    learning_rate: 0.01,
    steps: 40,
    seconds: 1.5,
  })

  it('stand in the order of looks, although some were undone between', () => {
    const charts = {
      ...none,
      looks: [4, 8],
      models: [
        { looks: 5, loss: 0.6 },
        { looks: 8, loss: 0.5 },
        { looks: 7, loss: 0.4 },
        { looks: 8, loss: 0.3 },
      ],
    }
    expect(models(charts)).toEqual([
      [5, 7, 8, 8],
      [0.6, 0.4, 0.5, 0.3],
    ])
  })

  it('end with the last look, where later ones were undone', () => {
    const points = [5, 9, 7].map((looks) => ({ looks, loss: looks / 10 }))
    const charts = {
      ...none,
      looks: [4, 7],
      models: points,
      cycles: [cycle(8, 0.3), cycle(7, 0.2)],
    }
    expect(models(charts)).toEqual([
      [5, 7],
      [0.5, 0.7],
    ])
    expect(cycles(charts)[0]).toEqual([7])
    expect(models({ ...charts, looks: [] })[0]).toEqual([])
  })

  it('tell all of a cycle', () => {
    expect(cycles({ ...none, looks: [10], cycles: [cycle(9, 0.2), cycle(4, 0.7)] })).toEqual([
      [4, 9],
      [0.7, 0.2],
      [0.01, 0.01],
      [40, 40],
      [1.5, 1.5],
    ])
  })
})

describe('calibration', () => {
  it('sets what was positive against what was said, and leaves empty bins out', () => {
    const bins = [
      { answers: 0, positives: 0, said: null },
      { answers: 4, positives: 1, said: 0.15 },
      { answers: 0, positives: 0, said: null },
      { answers: 10, positives: 9, said: 0.93 },
    ]
    expect(calibration({ ...none, calibration: bins })).toEqual([
      [0.15, 0.93],
      [0.25, 0.9],
      [4, 10],
      [1, 9],
    ])
  })

  it('is nothing without answers', () => {
    const bins = Array.from({ length: 10 }, () => ({ answers: 0, positives: 0, said: null }))
    expect(calibration({ ...none, calibration: bins })[0]).toEqual([])
  })
})

describe('times', () => {
  const bins = (...answers: number[]) =>
    [0.5, 1, null].map((up_to, at) => ({ up_to, answers: answers[at] ?? 0 }))

  it('lie between the end of the bin before and their own', () => {
    expect(times({ ...none, times: bins(3, 0, 1) })).toEqual([
      [0, 0.5, 1],
      [0.5, 1, null],
      [3, 0, 1],
    ])
  })

  it('are nothing without answers', () => {
    expect(times({ ...none, times: bins() })[0]).toEqual([])
  })
})

it('columns are read by rows', () => {
  const columns: [number[], (number | null)[]] = [
    [1, 2],
    [null, 4],
  ]
  expect(rowOf(columns, 1)).toEqual([2, 4])
  expect(rowsOf(columns)).toEqual([
    [1, null],
    [2, 4],
  ])
})
