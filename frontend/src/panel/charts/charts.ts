// Which charts there are: what each is called, what its numbers are, and how it is drawn. Pure.

import { counted, percent } from '../format'
import { HOW_COUNTED } from '../words'
import type { ChartKind, Column, Drawn } from './kind'
import { answers, count, edge, mean, nats, rate, seconds, share } from './numbers'
import { calibration, cycles, models, overLooks, positives, times } from './series'

const looks: Column = { name: 'looks', is: count }
const afterLooks = ([looks]: (number | null)[]) => `after ${counted(looks ?? 0, 'look')}`
const LINE: Drawn = { as: 'line', color: '--accent' }
const GREY: Drawn = { as: 'dashed', color: '--soft' }

const found: ChartKind = {
  name: 'positives',
  title: 'Positives found',
  help: 'Chance is reckoned as if nothing were left to find.',
  over: 'looks',
  columns: [
    looks,
    { name: 'found', is: count, drawn: { as: 'area', color: '--yes' } },
    { name: 'chance, at least', is: mean, drawn: GREY },
  ],
  numbers: positives,
  place: afterLooks,
}

const agreement: ChartKind = {
  name: 'agreement',
  title: 'Model was right',
  help: `Over the 50 looks up to each, by what it had said before the answer. ${HOW_COUNTED}`,
  over: 'looks',
  columns: [looks, { name: 'right', is: share, drawn: LINE }],
  numbers: overLooks('agreement'),
  place: afterLooks,
}

const confidence: ChartKind = {
  name: 'calibration',
  title: 'Calibration',
  help: `Of images that the model held equally likely, how many were positive; a larger dot is more answers. ${HOW_COUNTED}`,
  over: 'shares',
  columns: [
    { name: 'said', is: share },
    {
      name: 'were positive',
      is: share,
      drawn: { as: 'dots', color: '--accent', sizedBy: 2 },
    },
    { name: 'answers', is: count, told: true },
    { name: 'positives', is: count },
  ],
  numbers: calibration,
  place: ([said]) => `said ${percent(said ?? 0)}`,
  diagonal: 'as it said',
}

const loss: ChartKind = {
  name: 'loss',
  title: 'Loss of the model',
  help: 'Mean over its labels, yes and no weighing the same.',
  over: 'looks',
  columns: [looks, { name: 'loss', is: nats, drawn: LINE }],
  numbers: models,
  place: afterLooks,
}

const background: ChartKind = {
  name: 'background',
  title: 'Background training',
  help: 'The loss at the end of each cycle, and its highest learning rate. Cycles that ended after the same number of looks are points above each other, without a line between them.',
  over: 'looks',
  columns: [
    { name: 'looks by its end', is: count },
    { name: 'loss', is: nats, drawn: LINE },
    { name: 'learning rate', is: rate, drawn: { ...GREY, onRight: true } },
    { name: 'steps', is: count, told: true },
    { name: 'time', is: seconds, told: true },
  ],
  numbers: cycles,
  place: afterLooks,
}

const age: ChartKind = {
  name: 'ranking-age',
  title: 'Ranking age',
  help: 'How many answers the ranking before your eyes did not know yet: mean of the 50 looks up to each.',
  over: 'looks',
  columns: [looks, { name: 'age', is: answers, drawn: LINE }],
  numbers: overLooks('ranking_age'),
  place: afterLooks,
}

const pace: ChartKind = {
  name: 'pace',
  title: 'Time per look',
  help: 'Mean of the 50 looks up to each; pauses don’t count.',
  over: 'looks',
  columns: [looks, { name: 'time', is: seconds, drawn: LINE }],
  numbers: overLooks('seconds_per_look'),
  place: afterLooks,
}

const onScreen: ChartKind = {
  name: 'times',
  title: 'Time on screen',
  help: 'How long pictures were on the screen before people answered.',
  over: 'bins',
  columns: [
    { name: 'longer than', is: edge },
    { name: 'up to', is: edge },
    { name: 'answers', is: count, drawn: { as: 'bars', color: '--accent' } },
  ],
  numbers: times,
  place: ([above, upTo]) =>
    upTo == null ? `longer than ${above} s` : `longer than ${above} s, up to ${upTo} s`,
  foremost: ([, , answers = []]) => answers.indexOf(Math.max(...answers.map((of) => of ?? 0))),
}

/** The charts by their place in the panel. */
export const kinds = {
  first: [found],
  learning: [agreement, confidence, loss, background, age],
  pace: [pace, onScreen],
}
