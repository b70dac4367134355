// From what the server tells of how it went to the columns of each chart. Pure.

import type { Charts } from '../../protocol'

/** A list of numbers a column, all as long as each other; the first is what the others are over. */
export type Columns = [over: number[], ...others: (number | null)[][]]

/**
 * Looks; positives found; what chance would have found by then, at least: there are as many positives among the
 * images as were found, or more.
 */
export function positives({ looks, positives }: Charts, images: number): Columns {
  const rate = images > 0 ? (positives.at(-1) ?? 0) / images : 0
  const over = [0, ...looks]
  return [over, [0, ...positives], over.map((looks) => rate * looks)]
}

/** Looks, and something that is told of each. */
export function overLooks(of: 'agreement' | 'seconds_per_look' | 'ranking_age') {
  return (charts: Charts): Columns => [charts.looks, charts[of]]
}

/** Looks; loss. */
export function models({ models, looks }: Charts): Columns {
  const points = byLooks(models, looks)
  return [points.map(({ looks }) => looks), points.map(({ loss }) => loss)]
}

/** Looks; loss; learning rate; steps; seconds. */
export function cycles({ cycles, looks }: Charts): Columns {
  const points = byLooks(cycles, looks)
  return [
    points.map(({ looks }) => looks),
    points.map(({ loss }) => loss),
    points.map(({ learning_rate }) => learning_rate),
    points.map(({ steps }) => steps),
    points.map(({ seconds }) => seconds),
  ]
}

/** What the model had said; the share that was positive; answers; positives. A bin without answers is left out. */
export function calibration({ calibration }: Charts): Columns {
  const bins = calibration.flatMap(({ said, answers, positives }) =>
    said === null || answers === 0 ? [] : [{ said, answers, positives }],
  )
  return [
    bins.map(({ said }) => said),
    bins.map(({ answers, positives }) => positives / answers),
    bins.map(({ answers }) => answers),
    bins.map(({ positives }) => positives),
  ]
}

/** Longer than; not longer than; answers. All of it is left out as long as there is no answer. */
export function times({ times }: Charts): Columns {
  const bins = times.some(({ answers }) => answers > 0) ? times : []
  return [
    bins.map((_, at) => bins[at - 1]?.up_to ?? 0),
    bins.map(({ up_to }) => up_to),
    bins.map(({ answers }) => answers),
  ]
}

/**
 * In the order of looks: those that were undone are looked again, and a chart can't go back. What came after more looks
 * than there are now is left out until there are as many again.
 */
function byLooks<Point extends { looks: number }>(
  points: readonly Point[],
  looks: readonly number[],
): Point[] {
  const last = looks.at(-1) ?? 0
  return points.filter(({ looks }) => looks <= last).toSorted((a, b) => a.looks - b.looks)
}

/** The numbers of one row. */
export function rowOf(columns: Columns, row: number): (number | null)[] {
  return columns.map((column) => column[row] ?? null)
}

/** All rows, as a table and a file want them. */
export function rowsOf(columns: Columns): (number | null)[][] {
  return columns[0].map((_, row) => rowOf(columns, row))
}
