// What labels of the model would mean and have meant, in words. Pure.

import { about, counted, grouped, percent } from '../panel/format'
import type { Answered, Expected, Finish, Interval, StepMade } from '../protocol'
import type { Step } from '../session/state'
import { inPercent } from './chosen'

export const TOO_FEW =
  'The answers so far do not say how right the model is, so nothing can be promised: check the least sure afterwards.'

/** What no answer says anything of. */
const UNLIKE =
  'Kinds of positives that nobody has met yet may be missed all the same: answer some images in the order random before you finish.'

/** How many images would become what. */
export function becomes({ positives, negatives, between, unscored }: Counts): string {
  const yes = `${counted(positives, 'image')} ${one(positives, 'becomes', 'become')} yes`
  const no = `${grouped(negatives)} no`
  const stay = `${grouped(between)} ${one(between, 'stays', 'stay')} for you`
  return `${yes}, ${no}, ${stay}, ${grouped(unscored)} not scored yet.`
}

type Counts = Pick<Finish, 'positives' | 'negatives' | 'between' | 'unscored'>

const one = (number: number, singular: string, plural: string) => (number === 1 ? singular : plural)

/** What to expect of it, a sentence each. */
export function promises({ precision, recall, missed }: Expected, negatives: number): string[] {
  const right =
    precision && `Of the yes, about ${percent(precision.likely)} are right (${shares(precision)}).`
  const found = `About ${percent(recall.likely)} of all positives are found then (${shares(recall)}).`
  return [...(right ? [right] : []), found, ...(negatives > 0 ? [lost(missed), UNLIKE] : [])]
}

function lost(missed: Interval): string {
  const [low, likely, high] = [missed.low, missed.likely, missed.high].map(about)
  if (high === '0') return 'Hardly any positive becomes no by mistake.'
  if (likely === '1') return `About 1 positive (${low} to ${high}) becomes no by mistake.`
  return `About ${likely} (${low} to ${high}) positives become no by mistake.`
}

const shares = ({ low, high }: Interval) => `${Math.round(low * 100)} to ${percent(high)}`

/** Before anything is labelled. */
export function reallyLabel(labels: number): string {
  return `The model labels ${counted(labels, 'image')} as one step. You can take it back as a whole.`
}

export function reallyTakeBack({ labels }: StepMade): string {
  const what = labels === 1 ? 'Its label is' : `All ${grouped(labels)} labels of it are`
  return `${what} taken back. Answers that people have given since stay.`
}

/** What is going on. */
export function underWay({ message, labels }: Step, byNow: number): string {
  if (message.type === 'revoke')
    return `${counted(labels, 'label')} of step ${message.bulk} are taken back …`
  return `The model labels ${counted(labels, 'image')} … ${grouped(byNow)} have its label by now.`
}

/** What has come of it, as the list of steps tells it. */
export function cameOf({ message, labels, after }: Step, steps: readonly StepMade[]): string {
  if (message.type === 'revoke')
    return `Step ${message.bulk} is taken back. Answers given since stay.`
  const made = steps.findLast(({ bulk, source }) => bulk > after && source === 'model')
  if (!made) return 'The model has labelled them.'
  const { bulk, positives } = made
  const few = made.labels < labels
  const of = few ? ` of the ${grouped(labels)}` : ''
  const rest = few ? ' The others have an answer by now, or stay for you.' : ''
  return `The model labelled ${counted(made.labels, 'image')}${of} as step ${bulk}, ${grouped(positives)} as yes.${rest}`
}

export function refused(why: string): string {
  return `Not done: ${why}.`
}

/** A step, as it is called in the list. */
export function nameOf({ source, what }: StepMade): string {
  return source === 'model' ? `The model: ${what}` : what
}

export function contentsOf({ labels, missing, positives }: StepMade): string {
  const rest = missing > 0 ? `; interrupted, ${grouped(missing)} never came` : ''
  return `${counted(labels, 'label')}, ${grouped(positives)} yes${rest}`
}

/** Of a picture at the edge: that it is a button stands in it. */
export function edgeOf(image: number, probability: number | null): string {
  const said = probability === null ? '' : `, yes with ${inPercent(probability)} %`
  return `Image ${image}${said}. Show it to answer`
}

/** Images that have the label that the model gave them. */
export function byModel(answered: readonly Answered[]): number {
  const found = answered.filter(({ source }) => source === 'model')
  return found.reduce((sum, { images }) => sum + images, 0)
}
