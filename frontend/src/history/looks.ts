// What the strip says of an answer, and how one moves in it. Pure.

import { percent } from '../panel/format'
import type { Answer, History, HistoryFilter, HistoryLook } from '../protocol'
import { NAMES, SOURCES } from '../session/words'

/** So many answers are asked for at first, and with every wish for more. */
export const STEP = 60
/** The server tells no more than this. */
export const MOST = 500

export const filters: Record<HistoryFilter, string> = {
  all: 'All',
  positive: 'Yes',
  negative: 'No',
  skip: 'Skipped',
  disagreement: 'Model disagreed',
  model: 'By the model',
}

const NEWEST = 'The newest answer first'

/** Which answer comes first. */
export const orders: Record<HistoryFilter, string> = {
  all: NEWEST,
  positive: NEWEST,
  negative: NEWEST,
  skip: NEWEST,
  disagreement: NEWEST,
  model: 'The least sure label of the model first',
}

/** An answer's shape: it is told by more than its colour. */
export const marks: Record<Answer, string> = { positive: '✓', negative: '×', skip: '–' }

/** The model, at one half, had said otherwise; as the server counts it. */
export function disagreed({ answer, probability }: HistoryLook): boolean {
  if (probability === null || answer === 'skip') return false
  return probability >= 0.5 !== (answer === 'positive')
}

/** All that the strip shows of an answer, in words, and what a click does. */
export function labelOf(look: HistoryLook, act = 'Show again to correct'): string {
  const { image, answer, source, probability, corrected, set_aside } = look
  const said = `${NAMES[answer]}${corrected ? ', corrected' : ''}, ${SOURCES[source]}`
  const model = probability === null ? '' : `; the model said ${percent(probability)}`
  const end = set_aside ? "It can't be shown any more" : act
  return `Image ${image}: ${said}${model}. ${end}`
}

/** The history, if it is there and of the chosen filter: the newest wish may not be answered yet. */
export function ofFilter(history: History | null, filter: HistoryFilter): History | null {
  return history?.filter === filter ? history : null
}

/** What stands where no answer is to be seen. */
export function nothing(filter: HistoryFilter): string {
  if (filter === 'model') return 'Nothing that only the model has labelled.'
  return filter === 'all' ? 'No answers yet.' : 'None of these.'
}

export function hasMore({ looks, total }: History): boolean {
  return looks.length < Math.min(total, MOST)
}

/** Where a key leads from a place in a row; null: nowhere. */
export function moved(key: string, at: number, length: number): number | null {
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: length - 1 }[key]
  if (to === undefined || length === 0) return null
  return Math.min(Math.max(to, 0), length - 1)
}
