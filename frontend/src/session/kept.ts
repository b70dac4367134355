// Answers that are not durable yet are kept in the browser, one entry each, so that a page that is closed,
// reloaded or crashes sends them when its session is open again. The server knows their ids: sending one twice,
// also from two tabs, does no harm.

import { forget, keysOf, remember, remembered } from '../memory'
import type { Pending } from './state'

const PREFIX = 'sluice-answer'

const keyOf = (session: string, id: string) => `${PREFIX} ${session} ${id}`

/** Follows a change: what is new is written, what is settled is removed. */
export function follow(
  session: string,
  before: readonly Pending[],
  after: readonly Pending[],
): void {
  if (before === after) return
  const unsaved = (answers: readonly Pending[]) => answers.filter(({ seq }) => seq === null)
  const stays = new Map(unsaved(after).map((answer) => [answer.id, answer]))
  for (const { id } of unsaved(before)) {
    if (!stays.has(id)) forget(keyOf(session, id))
  }
  const known = new Set(unsaved(before))
  for (const answer of stays.values()) {
    if (!known.has(answer)) remember(keyOf(session, answer.id), JSON.stringify(answer))
  }
}

/** The answers that this browser still holds for a session, oldest first. */
export function held(session: string): Pending[] {
  const found = keysOf(keyOf(session, '')).map((key) => ({ key, answer: read(remembered(key)) }))
  return found
    .flatMap(({ key, answer }) => (answer && key === keyOf(session, answer.id) ? [answer] : []))
    .sort((a, b) => a.givenAt - b.givenAt)
}

/** An entry, unless somebody else wrote it. It may have reached the server before the page went away. */
function read(text: string | null): Pending | null {
  try {
    const { id, shown, answer, source, shownMs, givenAt } = JSON.parse(text ?? '')
    const isWhole =
      typeof id === 'string' &&
      Number.isInteger(shown?.image) &&
      (shown.ranking === null || Number.isInteger(shown.ranking)) &&
      ['positive', 'negative', 'skip'].includes(answer) &&
      ['manual', 'timeout'].includes(source) &&
      Number.isFinite(shownMs) &&
      Number.isFinite(givenAt)
    if (!isWhole) return null
    return { id, shown, answer, source, shownMs, givenAt, held: false, sent: true, seq: null }
  } catch {
    return null
  }
}
