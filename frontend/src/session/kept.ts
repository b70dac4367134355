// Answers that are not durable yet are kept in the browser, one entry each, so that those of a page that was closed,
// reloaded or crashed are sent when their session is open again. An entry belongs to its page as long as that lives;
// the server knows the ids of answers, so sending one twice does no harm.

import { forget, keysOf, remember, remembered } from '../memory'
import type { Pending } from './state'

const PREFIX = 'sluice-answer'

const keyOf = (...parts: string[]) => [PREFIX, ...parts].join(' ')

/** Follows a change: what is new is written, what is settled is removed. */
export function follow(
  session: string,
  page: string,
  before: readonly Pending[],
  after: readonly Pending[],
): void {
  if (before === after) return
  const stays = new Map(kept(after).map((answer) => [answer.id, answer]))
  for (const { id } of kept(before)) {
    if (!stays.has(id)) forget(keyOf(session, page, id))
  }
  const known = new Set(before)
  for (const answer of stays.values()) {
    if (!known.has(answer)) remember(keyOf(session, page, answer.id), JSON.stringify(answer))
  }
}

/** What may still be changed by a late key is nobody's answer yet. */
function kept(answers: readonly Pending[]): Pending[] {
  return answers.filter(({ seq, held }) => seq === null && !held)
}

/** The pages that left answers of a session in this browser. */
export function pagesOf(session: string): string[] {
  const start = `${keyOf(session)} `
  const pages = keysOf(start).map((key) => key.slice(start.length).split(' ')[0] ?? '')
  return [...new Set(pages)]
}

/** The answers that a page has left, oldest first. */
export function leftBy(session: string, page: string): Pending[] {
  const found = keysOf(`${keyOf(session, page)} `).map((key) => ({
    key,
    answer: read(remembered(key)),
  }))
  return found
    .flatMap(({ key, answer }) =>
      answer && key === keyOf(session, page, answer.id) ? [answer] : [],
    )
    .sort((a, b) => a.givenAt - b.givenAt)
}

/** Another page has taken over what this one left. */
export function forgetPage(session: string, page: string): void {
  for (const key of keysOf(`${keyOf(session, page)} `)) forget(key)
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
