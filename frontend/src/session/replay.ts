// A session that is played again: the line of pictures follows the moment, as the person went through it then. Pure.

import type { ImageId, Queue, Replay, ReplayedLook } from '../protocol'
import type { Replayed, Shown, State } from './state'
import { NAMES } from './words'

/** Before the server has said anything of it. */
export const begun: Replayed = { at: null, queue: null, lit: null }

/** What was on offer at the moment. */
export function takeOffered(state: State, replay: Replayed, queue: Queue): State {
  const exhausted = queue.items.length === 0
  return follow({ ...state, behind: queue.behind, exhausted }, { ...replay, queue })
}

/** The moment itself. An answer that has just been given lights up, and its picture stays for as long. */
export function takeMoment(state: State, replay: Replayed, at: Replay): State {
  const given = hasJustCome(replay.at, at)
  const lit = given ?? (replay.lit?.seq === at.given?.seq ? replay.lit : null)
  const next = follow(state, { ...replay, at, lit })
  return given && !at.playing ? { ...next, said: told(given, at) } : next
}

/** An answer has been lit for long enough. */
export function goOn(state: State, replay: Replayed): State {
  return follow(state, { ...replay, lit: null })
}

/** A picture could not be fetched: the others are not shown in its place. */
export function miss(state: State, replay: Replayed, image: ImageId): State {
  const failed = [state.current, ...state.upcoming].find((shown) => shown?.image === image)
  return failed ? follow({ ...state, missing: [...state.missing, failed] }, replay) : state
}

/** It is there now. */
export function findAgain(state: State, replay: Replayed, image: ImageId): State {
  const missing = state.missing.filter((shown) => shown.image !== image)
  return follow({ ...state, missing }, replay)
}

/** The newest look, where the replay went on to it, and not over many others. */
function hasJustCome(before: Replay | null, at: Replay): ReplayedLook | null {
  if (!before || !at.given || at.given.seq <= (before.given?.seq ?? -1)) return null
  const isNext = at.moment.looks === before.moment.looks + 1
  return at.playing || isNext ? at.given : null
}

function follow(state: State, replay: Replayed): State {
  const line = lineOf(state, replay)
  const isMissing = new Set(state.missing.map(({ image }) => image))
  const missing = line.filter(({ image }) => isMissing.has(image))
  const [first = null, ...rest] = line
  const current = first && !isMissing.has(first.image) ? first : null
  const upcoming = rest.filter(({ image }) => !isMissing.has(image))
  return { ...state, replay, current, upcoming, missing }
}

/** The picture of the moment, and those after it, each once. */
function lineOf({ current }: State, { at, queue, lit }: Replayed): Shown[] {
  const offered = (queue?.items ?? []).map((item) => ({
    ...item,
    ranking: queue?.ranking ?? null,
  }))
  const { next = null } = at ?? {}
  const first = next && { image: next.image, probability: next.probability, ranking: null }
  const stays = lit && current?.image === lit.image ? current : null
  const line = [stays, first, ...offered].filter((shown) => shown !== null)
  const known = new Set<ImageId>()
  return line.filter(({ image }) => !known.has(image) && known.add(image))
}

/** For the live region. */
function told({ image, answer }: ReplayedLook, { moment }: Replay): string {
  return `Image ${image}: ${NAMES[answer]}, look ${moment.looks}.`
}
