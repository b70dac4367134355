// What the numbers of a column are, and how they are written. Pure.

import { grouped, percent } from '../format'

export interface Quantity {
  /** Behind a number on the screen. */
  unit: string
  /** In the head of a file, where the numbers stand as they are. */
  unitInFile: string
  /** On the screen, without its unit. */
  write: (number: number) => string
  /** Beside an axis. */
  mark: (number: number) => string
  /** There are no halves. */
  whole: boolean
  /** It lies between 0 and 1. */
  share: boolean
}

function quantity(unit: string, write: Quantity['write'], more: Partial<Quantity> = {}): Quantity {
  return { unit, unitInFile: unit, write, mark: grouped, whole: false, share: false, ...more }
}

const fixed = (digits: number) => (number: number) => number.toFixed(digits)
const short = (number: number) => String(Number(number.toPrecision(2)))

export const count = quantity('', grouped, { whole: true })
/** A mean of counts. */
export const mean = quantity('', fixed(1))
/** The same of answers. */
export const answers = quantity('answers', fixed(1))
export const share = quantity('', percent, { unitInFile: '0 to 1', mark: percent, share: true })
export const seconds = quantity('s', fixed(1))
/** Where bins of seconds end: as it was set. */
export const edge = quantity('s', grouped)
export const nats = quantity('nats', fixed(3))
export const rate = quantity('', short, { mark: short })

/** With its unit; a dash for none. */
export function written(number: number | null, { write, unit }: Quantity): string {
  return number === null ? '–' : withUnit(write(number), unit)
}

/** The head of a column, where the unit stands in brackets. */
export function headed(name: string, unit: string): string {
  return unit ? `${name} (${unit})` : name
}

function withUnit(text: string, unit: string): string {
  return unit ? `${text} ${unit}` : text
}
