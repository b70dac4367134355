// How right and how complete the yes would be, over how many images become yes. Pure.

import type { Column, Drawing } from '../panel/charts/kind'
import { count, share } from '../panel/charts/numbers'
import type { Columns } from '../panel/charts/series'
import { counted } from '../panel/format'
import type { CurvePoint } from '../protocol'
import { inPercent } from './chosen'
import { tenfolds } from './tenfolds'

const percentage = { ...share, write: (at: number) => `${inPercent(at)} %` }
const bound = (name: string): Column => ({ name, is: share })

export const curve: Drawing = {
  name: 'finish',
  title: 'Right and found',
  help: 'If the likeliest images became yes, so many of them: the share of them that is right (precision), and the share of all positives that is found then (recall). In nine cases of ten they lie within the bands; kinds of positives that nobody has met yet are in none of them.',
  over: 'images',
  marks: tenfolds,
  columns: [
    { name: 'images', is: count },
    { name: 'from', is: percentage, told: true },
    { name: 'right', is: share, drawn: { as: 'line', color: '--accent', between: [3, 4] } },
    bound('right, at least'),
    bound('right, at most'),
    { name: 'found', is: share, drawn: { as: 'dashed', color: '--yes', between: [6, 7] } },
    bound('found, at least'),
    bound('found, at most'),
  ],
  place: ([images]) => `${counted(images ?? 0, 'image')} yes`,
  marked: 'as chosen',
}

/** Images; threshold; precision, its low and high end; recall, its low and high end. */
export function columnsOf(points: readonly CurvePoint[]): Columns {
  return [
    points.map(({ images }) => images),
    points.map(({ threshold }) => threshold),
    ...ends(points.map(({ precision }) => precision)),
    ...ends(points.map(({ recall }) => recall)),
  ]
}

function ends(intervals: CurvePoint['precision'][]): number[][] {
  return [
    intervals.map(({ likely }) => likely),
    intervals.map(({ low }) => low),
    intervals.map(({ high }) => high),
  ]
}
