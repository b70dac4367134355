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
  const current = line.find(isCurrent) ?? state.current
  const upcoming = line.filter((shown) => !isCurrent(shown))
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

/**
 * Puts an image on the screen; the one that was there comes next, unless it was there to be corrected only.
 * What the line knows of it is newer than what is given.
 */
export function showNow(state: State, shown: Shown): State {
  if (state.current?.image === shown.image) return state
  const isIt = ({ image }: Shown) => image === shown.image
  const current = state.upcoming.find(isIt) ?? state.missing.find(isIt) ?? shown
  const missing = state.missing.filter((other) => !isIt(other))
  const rest = state.upcoming.filter((other) => !isIt(other))
  const before = state.current && !state.current.was ? [state.current] : []
  return { ...state, current, missing, upcoming: [...before, ...rest] }
}

/** The next one in line. */
export function advance(state: State): State {
  const [current = null, ...upcoming] = state.upcoming
  return { ...state, current, upcoming }
}
