// Which pages of this browser live: each holds a lock of its own, which falls with it, however it ends.

import { newId } from './ids'

/** This page. */
export const PAGE = newId()

const lockOf = (page: string) => `sluice-page ${page}`

/** Tells the other pages that this one lives; called once. */
export function live(): void {
  navigator.locks?.request(lockOf(PAGE), () => new Promise(() => {}))
}

/** Does something as soon as a page has gone; at once where nobody can know (there are no locks without https). */
export function whenGone(page: string, then: () => void): void {
  if (!navigator.locks) then()
  else navigator.locks.request(lockOf(page), async () => then())
}
