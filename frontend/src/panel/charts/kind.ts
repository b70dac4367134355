// What there is to know of a chart to draw it and to read it out. Pure.

import type { Charts } from '../../protocol'
import { type Quantity, written } from './numbers'
import { type Columns, rowOf } from './series'

export interface Drawn {
  as: 'line' | 'dashed' | 'area' | 'bars' | 'dots'
  /** A colour of the theme. */
  color: '--yes' | '--soft' | '--accent'
  /** It has an axis of its own. */
  onRight?: true
  /** The column that says how large the dots are. */
  sizedBy?: number
  /** The columns of what the number lies between: drawn as a band behind a line. */
  between?: [low: number, high: number]
}

export interface Column {
  name: string
  is: Quantity
  /** None: it stands in the table only. */
  drawn?: Drawn
  /** It is not drawn, and told of the place that a person points at. */
  told?: true
}

/** A chart of columns that are there. */
export interface Drawing {
  /** What its file is called. */
  name: string
  title: string
  /** A sentence or two. */
  help: string
  /**
   * What lies below: looks from the first on, shares from 0 to 1, one bin beside the other, or images, where each tenfold
   * takes the same room.
   */
  over: 'looks' | 'shares' | 'bins' | 'images'
  columns: Column[]
  /** The numbers that stand below, from one end to the other; else as the library says. */
  marks?: (least: number, most: number) => number[]
  /** Where a row is, in words. */
  place: (row: (number | null)[]) => string
  /** What it means to be on the line where both axes say the same. */
  diagonal?: string
  /** What the place is that can be marked. */
  marked?: string
  /** The row that is told while nobody points at one; else the newest. */
  foremost?: (columns: Columns) => number
}

/** A chart of how it went. */
export interface ChartKind extends Drawing {
  /** The numbers of its columns, of so many images that can be shown. */
  numbers: (charts: Charts, images: number) => Columns
}

/** Whether there is any number to draw. */
export function hasNumbers(kind: Drawing, columns: Columns): boolean {
  return kind.columns.some(
    ({ drawn }, at) => drawn && columns[at]?.some((number) => number !== null),
  )
}

/** The row that is told: the one that a person points at, the one at the mark, or the foremost. */
export function rowToTell(
  kind: Drawing,
  columns: Columns,
  pointed: number | null,
  mark: number | null = null,
): number {
  const last = columns[0].length - 1
  if (pointed !== null) return Math.min(pointed, last)
  return mark === null ? (kind.foremost?.(columns) ?? last) : nearest(columns[0], mark)
}

/** The row whose place is nearest. */
function nearest(over: number[], place: number): number {
  const away = over.map((at) => Math.abs(at - place))
  return away.indexOf(Math.min(...away))
}

/** The number of a column in words, with what it lies between. */
export function numberOf({ is, drawn }: Column, at: number, row: (number | null)[]): string {
  const text = written(row[at] ?? null, is)
  if (!drawn?.between) return text
  const [low = '', high = ''] = drawn.between.map((end) => written(row[end] ?? null, is))
  return `${text} (${low} to ${high})`
}

/** A row in words. */
export function told(kind: Drawing, columns: Columns, row: number): string {
  const numbers = rowOf(columns, row)
  const parts = kind.columns.flatMap((column, at) =>
    column.drawn || column.told ? [`${column.name} ${numberOf(column, at, numbers)}`] : [],
  )
  return `${kind.place(numbers)}: ${parts.join('; ')}`
}
