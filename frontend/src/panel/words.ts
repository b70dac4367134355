// The figures of the panel and what is left to find, in words. Pure.

import type {
  Agreement,
  Answered,
  AnswerSeconds,
  Goal,
  Interval,
  Source,
  Training,
} from '../protocol'
import { SOURCES } from '../session/words'
import { about, counted, grouped, moment, percent, roughly, roughlyBetween } from './format'

export const NONE = '–'

/** Which answers the model is held against. */
export const HOW_COUNTED =
  'A time that ran out in auto mode counts as a no; an answer that was corrected counts as it was first given.'

/** Images that were not answered by key, by who answered them; none where there are none. */
export function bySource(answered: readonly Answered[]): string | null {
  const images = new Map<string, number>()
  for (const { source, images: more } of answered) {
    if (source !== 'manual') images.set(SOURCES[source], (images.get(SOURCES[source]) ?? 0) + more)
  }
  const parts = [...images].map(([source, number]) => `${grouped(number)} ${source}`)
  return parts.length > 0 ? parts.join(', ') : null
}

/** What looks have found, and what is said by the model and by files besides. */
export function found(positives: number, looks: number, answered: readonly Answered[]): string {
  const of = (wanted: Source) =>
    answered
      .filter(({ answer, source }) => answer === 'positive' && source === wanted)
      .reduce((sum, { images }) => sum + images, 0)
  const [byModel, fromFiles] = [of('model'), of('imported')]
  // One of them may be corrected right now.
  const byLooks = Math.max(0, positives - byModel - fromFiles)
  const parts = [
    ...(looks > 0 ? [`${grouped(byLooks)} in ${counted(looks, 'look')}`] : []),
    ...(byModel > 0 ? [`${grouped(byModel)} by the model`] : []),
    ...(fromFiles > 0 ? [`${grouped(fromFiles)} from files`] : []),
  ]
  return parts.join(', ') || NONE
}

export function perAnswer(times: AnswerSeconds | null): string {
  return times ? `${moment(times.median)}, nine in ten under ${moment(times.p90)}` : NONE
}

/** How often the model was right: of late, and in all. */
export function right(late: Agreement, all: Agreement): string {
  if (late.of === 0) return NONE
  const share = ({ agreed, of }: Agreement) => percent(agreed / of)
  const text = `${share(late)} of the last ${late.of}`
  return all.of > late.of ? `${text}, ${share(all)} of all ${grouped(all.of)}` : text
}

/** How many answers the ranking doesn't know. */
export function age(answers: number): string {
  return answers === 0 ? 'knows every answer' : `${counted(answers, 'answer')} behind`
}

/** So many things a second. */
export function aSecond(number: number | null | undefined, things: string): string {
  return number ? `${about(number)} ${things}` : NONE
}

/** What the network in the background is doing. */
export function background(training: Training | null): string {
  if (!training?.background) return training?.features ? 'off' : NONE
  const name = training.background === 'small' ? 'small network' : training.background
  if (training.in_background)
    return `${name} ${training.opinions > 0 ? 'joined, trains on' : 'trains'}`
  return `${name} ${training.opinions > 0 ? 'joined' : 'waits'}`
}

/** How many positives are left. */
export function left({ likely, low, high }: Interval): string {
  const text = about(likely)
  return `≈ ${text} positive${text === '1' ? '' : 's'} left (${about(low)} to ${about(high)})`
}

/** What it takes to have found a share of them. */
export function way({ looks, seconds }: Goal): string {
  if (looks.high === 0) return 'reached'
  if (looks.likely === 0) {
    const time = seconds ? `, ${roughly(seconds.high)}` : ''
    return `likely reached (up to ${aboutLooks(looks.high)}${time})`
  }
  const range = `${about(looks.low)} to ${about(atLeastOne(looks.high))}`
  const time = seconds
    ? `, ${roughly(seconds.likely)} (${roughlyBetween(seconds.low, seconds.high)})`
    : ''
  return `≈ ${aboutLooks(looks.likely)} (${range})${time}`
}

/** Less than one is still one to look at. */
const atLeastOne = (looks: number) => Math.max(1, looks)

function aboutLooks(looks: number): string {
  const text = about(atLeastOne(looks))
  return `${text} look${text === '1' ? '' : 's'}`
}

export function aim({ share }: Goal): string {
  return `to find ${percent(share)}`
}

/** The selector whose order the goals are reckoned with. */
export const LIKELIEST_FIRST = 'max-prob'

/** What the goals rest on, where another order is in use. */
export function condition(selector: string | undefined): string | null {
  if (selector === undefined || selector === LIKELIEST_FIRST) return null
  return `If the likeliest came first (the order now is ${selector}):`
}
