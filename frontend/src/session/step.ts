// Steps of many labels that this page asked for: what comes of them, and who is told. Pure.
//
// A step is remembered until the server has acknowledged or refused it, and sent again with the same id after each new
// connection. The server knows the ids of what it has begun, so nothing is labelled twice; what it has not heard of
// begins then. What such a step has given by then the list of steps tells, and not this page. A page that was closed
// meanwhile has nothing to send: what it had asked for is in that list, or never began.

import type { Ack, Refused } from '../protocol'
import { takeRefusal } from './answers'
import type { State } from './state'

/** Whether what was asked for has not come to an end. */
export function isUnderWay({ step }: Pick<State, 'step'>): boolean {
  return step !== null && step.came === null
}

/** Where nobody looks, nothing is kept of it: the server's notice tells of it. */
export function stepDone(state: State, { id }: Ack): State {
  const { step, finishing } = state
  if (step?.message.id !== id) return state
  return { ...state, step: finishing ? { ...step, came: { done: true } } : null }
}

/** Told where the person is: in the dialogue, if it is open. Null: it was another thing that was refused. */
export function stepRefused(state: State, refused: Refused): State | null {
  const { step, finishing } = state
  if (step?.message.id !== refused.id) return null
  return finishing
    ? { ...state, step: { ...step, came: { why: refused.why } } }
    : takeRefusal({ ...state, step: null }, refused)
}

/** What has come to an end was read by then. */
export function closeFinish(state: State): State {
  const step = isUnderWay(state) ? state.step : null
  return { ...state, finishing: false, finish: null, step }
}
