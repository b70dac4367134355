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
}

export interface Column {
  name: string
  is: Quantity
  /** None: it stands in the table only. */
  drawn?: Drawn
  /** It is not drawn, and told of the place that a person points at. */
  told?: true
}

export interface ChartKind {
  /** What its file is called. */
  name: string
  title: string
  /** A sentence or two. */
  help: string
  /** What lies below: looks from the first on, shares from 0 to 1, or one bin beside the other. */
  over: 'looks' | 'shares' | 'bins'
  columns: Column[]
  /** The numbers of its columns, of so many images that can be shown. */
  numbers: (charts: Charts, images: number) => Columns
  /** Where a row is, in words. */
  place: (row: (number | null)[]) => string
  /** What it means to be on the line where both axes say the same. */
  diagonal?: string
  /** The row that is told while nobody points at one; else the newest. */
  foremost?: (columns: Columns) => number
}

/** Whether there is any number to draw. */
export function hasNumbers(kind: ChartKind, columns: Columns): boolean {
  return kind.columns.some(
    ({ drawn }, at) => drawn && columns[at]?.some((number) => number !== null),
  )
}

/** The row that is told: the one that a person points at, or the foremost. */
export function rowToTell(kind: ChartKind, columns: Columns, pointed: number | null): number {
  const last = columns[0].length - 1
  return pointed === null ? (kind.foremost?.(columns) ?? last) : Math.min(pointed, last)
}

/** A row in words. */
export function told(kind: ChartKind, columns: Columns, row: number): string {
  const numbers = rowOf(columns, row)
  const parts = kind.columns.flatMap(({ name, is, drawn, told }, at) =>
    drawn || told ? [`${name} ${written(numbers[at] ?? null, is)}`] : [],
  )
  return `${kind.place(numbers)}: ${parts.join('; ')}`
}
