// The line of pictures: the one on the screen, those that follow, those that can't be fetched. Pure.

import type { ImageId, Queue } from '../protocol'
import { type Shown, type State, unsaved } from './state'

/**
 * A new queue never changes the picture on the screen, only what follows it and what the model now
 * thinks of it.
 */
export function takeQueue(state: State, queue: Queue): State {
  const underWay = new Set(unsaved(state).map(({ shown }) => shown.image))
  const offered = queue.items
    .filter(({ image }) => !underWay.has(image))
    .map((item) => ({ ...item, ranking: queue.ranking }))
  // The server stops offering what it sets aside. Should that be offered again, it is tried at once.
  const missed = new Set(state.missing.map(({ image }) => image))
  const missing = offered.filter(({ image }) => missed.has(image))
  const line = offered.filter(({ image }) => !missed.has(image))
  const isCurrent = ({ image }: Shown) => image === state.current?.image
  const found = line.find(isCurrent)
  const current = found && state.current ? { ...state.current, ...found } : state.current
  const first = state.upcoming.filter(({ next }) => next)
  const isFirst = new Set(first.map(({ image }) => image))
  const rest = line.filter((shown) => !isCurrent(shown) && !isFirst.has(shown.image))
  const upcoming = [...first, ...rest]
  const exhausted = queue.items.length === 0
  const next = { ...state, current, upcoming, missing, behind: queue.behind, exhausted }
  return current ? next : advance(next)
}

/** A picture that could not be fetched leaves the line: the others go on without it. */
export function takeOut(state: State, image: ImageId): State {
  const { current, upcoming, exhausted } = state
  const failed = [current, ...upcoming].find((shown) => shown?.image === image)
  if (!failed) return state
  // Where nothing is on offer, it has been set aside: there is nothing to wait for.
  const missing = exhausted ? [] : [...state.missing, failed]
  const rest = { ...state, missing, upcoming: upcoming.filter((shown) => shown !== failed) }
  const next = failed === current ? advance(rest) : rest
  return next.current || exhausted
    ? next
    : { ...next, said: 'The pictures are not there at the moment.' }
}

/** A picture that was missing and is there now comes last, before the eyes only if nothing else is. */
export function takeBack(state: State, image: ImageId): State {
  const found = state.missing.find((shown) => shown.image === image)
  if (!found) return state
  const missing = state.missing.filter((shown) => shown !== found)
  const next = { ...state, missing, upcoming: [...state.upcoming, found] }
  return state.current ? next : { ...advance(next), said: 'The pictures are back.' }
}

/** On to the next if this image is on the screen. */
export function leave(state: State, image: ImageId): State {
  return state.current?.image === image ? advance(state) : state
}

/** Puts an image on the screen; the one that was there comes next, unless it was there to be corrected only. */
export function showNow(state: State, shown: Shown): State {
  const { found, rest } = takeFrom(state, shown)
  const before = state.current
  const isOther = before && before.image !== shown.image && !before.was
  const upcoming = isOther ? [{ ...before, next: true as const }, ...rest.upcoming] : rest.upcoming
  return { ...rest, current: found, upcoming }
}

/** Puts an image next in line, before the eyes only if nothing else is: nobody answers it by accident. */
export function showNext(state: State, shown: Shown): State {
  if (!state.current) return showNow(state, shown)
  if (state.current.image === shown.image) return state
  const { found, rest } = takeFrom(state, shown)
  return { ...rest, upcoming: [{ ...found, next: true }, ...rest.upcoming] }
}

/** An image out of the line, with what the line knows of it: that is newer than what is given. */
function takeFrom(state: State, shown: Shown): { found: Shown; rest: State } {
  const isIt = ({ image }: Shown) => image === shown.image
  const known = state.upcoming.find(isIt) ?? state.missing.find(isIt)
  const missing = state.missing.filter((other) => !isIt(other))
  const upcoming = state.upcoming.filter((other) => !isIt(other))
  const found = { ...shown, ...known, was: shown.was, by: shown.by }
  return { found, rest: { ...state, missing, upcoming } }
}

/** The next one in line. */
export function advance(state: State): State {
  const [current = null, ...upcoming] = state.upcoming
  return { ...state, current, upcoming }
}
