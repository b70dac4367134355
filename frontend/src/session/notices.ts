// What a person should know, until they have read it. Pure.

import type { Notice } from '../protocol'
import type { State } from './state'

export function withNotice(state: State, notice: Notice): State {
  return { ...state, notices: pinned(state.notices, notice) }
}

/** The newest few; what is said again takes the place of what was said before. */
export function pinned(notices: Notice[], notice: Notice): Notice[] {
  return [...notices.filter((other) => other.text !== notice.text).slice(-3), notice]
}
