// What the page wants to be told for as long as it shows it. The server forgets it with the connection, so it is said
// again after each hello. Pure.

import type { ToServer } from '../protocol'

export type Wish = Extract<ToServer, { type: 'want_history' | 'want_charts' }>

/** The wishes that stand when this one has taken the place of its like. */
export function withWish(wishes: readonly Wish[], wish: Wish): Wish[] {
  const others = wishes.filter(({ type }) => type !== wish.type)
  const wants = wish.type === 'want_history' ? wish.count > 0 : wish.wanted
  return wants ? [...others, wish] : others
}
