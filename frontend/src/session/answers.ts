// Answers under way: given on the screen, not yet in the server's statistics. Pure.

import type { Ack, Answer, CommandId, Refused } from '../protocol'
import { advance, leave, showNext, showNow } from './line'
import { withNotice } from './notices'
import { expectedCounts, heldBack, type Pending, type State } from './state'
import { NAMES } from './words'

/** The picture on the screen gets an answer, and the next one takes its place. */
export function give(state: State, given: Omit<Pending, 'shown' | 'seq'>): State {
  const { current } = state
  if (!current) return state
  const pending = [...state.pending, { ...given, shown: current, seq: null }]
  const next = advance({ ...state, pending })
  // With its number, so that the live region tells the same answer once more.
  return {
    ...next,
    said: `Answered ${NAMES[given.answer]}, ${expectedCounts(next).answered} by now.`,
  }
}

/** A key that came just after the clock had run out is meant for the picture before. */
export function giveLate(state: State, answer: Answer): State {
  const last = heldBack(state)
  if (!last) return state
  const changed: Pending = { ...last, answer, source: 'manual' }
  const pending = [...state.pending.slice(0, -1), changed]
  return { ...state, pending, said: `Answered ${NAMES[answer]}, for the picture before.` }
}

/** The time for a late key is over. */
export function letGo(state: State, id: CommandId): State {
  const sent = state.connection === 'open'
  const pending = state.pending.map((answer) =>
    answer.id === id && answer.held ? { ...answer, held: false, sent } : answer,
  )
  return { ...state, pending }
}

/** Answers that an earlier page left behind come before this one's. */
export function adopt(state: State, left: Pending[]): State {
  const known = new Set(state.pending.map(({ id }) => id))
  const added = left.filter(({ id }) => !known.has(id))
  if (added.length === 0) return state
  const answered = new Set(added.map(({ shown }) => shown.image))
  const upcoming = state.upcoming.filter(({ image }) => !answered.has(image))
  const pending = [...added, ...state.pending]
  const text =
    added.length === 1
      ? 'An answer that an earlier page could not send is sent now.'
      : `${added.length} answers that an earlier page could not send are sent now.`
  const next = withNotice({ ...state, upcoming, pending }, { level: 'info', text })
  return state.current && answered.has(state.current.image) ? advance(next) : next
}

/** Something that was sent is durable. */
export function settle(state: State, { id, seq }: Ack): State {
  const durable = (answer: Pending) => (answer.id === id ? { ...answer, seq } : answer)
  const asked = state.asked.filter((other) => other.id !== id)
  // The statistics may have known it first.
  return withoutCounted({ ...state, asked, pending: state.pending.map(durable) })
}

/** Takes back what the server has never seen; anything else has to wait for it. */
export function undoHere(state: State): State {
  const last = state.pending.at(-1)
  if (!last || last.sent) {
    const text = 'There is no connection. Undo again when it is back; nothing was changed.'
    return withNotice(state, { level: 'warning', text })
  }
  const said = `Undone: ${NAMES[last.answer]}. The image is back.`
  const pending = state.pending.slice(0, -1)
  return { ...showNow({ ...state, pending }, last.shown), said }
}

/** What could not be saved comes back into view; what can't be answered at all does not. */
export function takeRefusal(state: State, { id, why, retry }: Refused): State {
  const refused = state.pending.find((pending) => pending.id === id)
  const text = refused ? `Not saved: ${why}.` : `Not done: ${why}.`
  const asked = state.asked.filter((other) => other.id !== id)
  const next = withNotice({ ...state, asked }, { level: 'warning', text })
  if (!refused) return next
  const { shown, answer } = refused
  const settled = { ...next, pending: state.pending.filter((other) => other !== refused) }
  return retry ? showNext(settled, { ...shown, refused: answer }) : leave(settled, shown.image)
}

/** What the statistics count is pending no more, so that nothing counts twice. */
export function withoutCounted(state: State): State {
  const known = state.statistics?.next_seq ?? 0
  return { ...state, pending: state.pending.filter(({ seq }) => seq === null || seq >= known) }
}
