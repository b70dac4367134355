// Everything the page knows, and how each thing that happens changes it. Pure: no clock, no network,
// no randomness; ids and times come in with the action.

import type {
  Answer,
  CommandId,
  ImageId,
  Notice,
  Plugins,
  Queue,
  QueueItem,
  RankingId,
  Refused,
  SetAside,
  Source,
  Statistics,
  ToPage,
  Training,
  Welcome,
} from '../protocol'

/** An image on the screen or about to be: what was said about it when it was put in line. */
export interface Shown extends QueueItem {
  ranking: RankingId | null
}

/** An answer that is not in the server's statistics yet. */
export interface Pending {
  id: CommandId
  shown: Shown
  answer: Answer
  source: Source
  shownMs: number
  /** Whether it may have reached the server. */
  sent: boolean
  /** Its number in the log, once it is durable. */
  seq: number | null
}

export type Connection = 'connecting' | 'open' | 'lost'

export interface State {
  connection: Connection
  welcome: Welcome | null
  /** The picture under the person's eyes; only they change it. */
  current: Shown | null
  upcoming: Shown[]
  /** Answers that the ranking does not know yet, by the server's count. */
  behind: number
  /** The server had nothing more to show. */
  exhausted: boolean
  pending: Pending[]
  /** On offer, but they could not be fetched: they wait beside the line until they arrive. */
  missing: Shown[]
  statistics: Statistics | null
  training: Training | null
  plugins: Plugins | null
  setAside: SetAside
  notices: Notice[]
  /** The last thing that happened, for the live region. */
  said: string
}

export const initial: State = {
  connection: 'connecting',
  welcome: null,
  current: null,
  upcoming: [],
  behind: 0,
  exhausted: false,
  pending: [],
  missing: [],
  statistics: null,
  training: null,
  plugins: null,
  setAside: { total: 0, files: [] },
  notices: [],
  said: '',
}

export type Action =
  | { type: 'connection'; connection: Connection }
  | { type: 'received'; message: ToPage }
  | { type: 'answered'; id: CommandId; answer: Answer; source: Source; shownMs: number }
  | { type: 'undone offline' }
  | { type: 'unreadable'; image: ImageId }
  | { type: 'arrived'; image: ImageId }
  | { type: 'dismissed'; notice: Notice }

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'connection':
      return { ...state, connection: action.connection }
    case 'received':
      return receive(state, action.message)
    case 'answered': {
      if (!state.current) return state
      const { id, answer, source, shownMs } = action
      const sent = state.connection === 'open'
      const given = { id, shown: state.current, answer, source, shownMs, sent, seq: null }
      const pending = [...state.pending, given]
      return advance({ ...state, pending, said: `Answered: ${answer}.` })
    }
    case 'undone offline':
      return undoOffline(state)
    case 'unreadable':
      return takeOut(state, action.image)
    case 'arrived':
      return takeBack(state, action.image)
    case 'dismissed':
      return { ...state, notices: state.notices.filter((notice) => notice !== action.notice) }
    default:
      return never(action)
  }
}

function receive(state: State, message: ToPage): State {
  switch (message.type) {
    case 'welcome':
      return greet(state, message)
    case 'queue':
      return takeQueue(state, message)
    case 'ack': {
      const durable = (answer: Pending) =>
        answer.id === message.id ? { ...answer, seq: message.seq } : answer
      // The statistics may have known it first.
      const settled = withoutCounted({ ...state, pending: state.pending.map(durable) })
      if (!message.look) return settled
      const { image, answer, counts } = message.look
      if (!counts)
        return { ...showNow(settled, image), said: `Undone: ${answer}. The image is back.` }
      return { ...leave(settled, image), said: `Again: ${answer}.` }
    }
    case 'refused':
      return takeRefusal(state, message)
    case 'statistics':
      return withoutCounted({ ...state, statistics: message })
    case 'training':
      return { ...state, training: message }
    case 'plugins':
      return { ...state, plugins: message }
    case 'set_aside':
      return { ...state, setAside: message }
    case 'notice':
      return { ...state, notices: pinned(state.notices, message) }
    default:
      return never(message)
  }
}

/**
 * A new queue never changes the picture on the screen, only what follows it and what the model now
 * thinks of it.
 */
function takeQueue(state: State, queue: Queue): State {
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
function takeOut(state: State, image: ImageId): State {
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
function takeBack(state: State, image: ImageId): State {
  const found = state.missing.find((shown) => shown.image === image)
  if (!found) return state
  const missing = state.missing.filter((shown) => shown !== found)
  const next = { ...state, missing, upcoming: [...state.upcoming, found] }
  return state.current ? next : { ...advance(next), said: 'The pictures are back.' }
}

/** A server of another session has nothing to do with what this page still holds. */
function greet(state: State, welcome: Welcome): State {
  if (state.welcome === null || state.welcome.session === welcome.session) {
    // What could not be fetched while the server was away may be fetched now.
    const pending = state.pending.map((answer) => ({ ...answer, sent: true }))
    return { ...state, welcome, pending, missing: [], connection: 'open' }
  }
  const lost = unsaved(state).length
  const kept = lost > 0 ? ` ${lost} answers of the other one could not be sent.` : ''
  const text = `This is another session than before.${kept}`
  return { ...initial, welcome, connection: 'open', notices: [{ level: 'warning', text }] }
}

/** Takes back what the server has never seen; anything else has to wait for it. */
function undoOffline(state: State): State {
  const last = state.pending.at(-1)
  if (!last || last.sent) {
    const text = 'There is no connection. Undo again when it is back; nothing was changed.'
    return withNotice(state, { level: 'warning', text })
  }
  return showNow({ ...state, pending: state.pending.slice(0, -1) }, last.shown.image)
}

/** What could not be saved comes back into view; what can't be answered at all does not. */
function takeRefusal(state: State, { id, why, retry }: Refused): State {
  const next = withNotice(state, { level: 'warning', text: `Not saved: ${why}.` })
  const refused = state.pending.find((pending) => pending.id === id)
  if (!refused) return next
  const settled = { ...next, pending: state.pending.filter((other) => other !== refused) }
  return retry ? showNow(settled, refused.shown.image) : leave(settled, refused.shown.image)
}

function withNotice(state: State, notice: Notice): State {
  return { ...state, notices: pinned(state.notices, notice), said: notice.text }
}

/** The newest few; what is said again takes the place of what was said before. */
function pinned(notices: Notice[], notice: Notice): Notice[] {
  return [...notices.filter((other) => other.text !== notice.text).slice(-3), notice]
}

/** On to the next if this image is on the screen. */
function leave(state: State, image: ImageId): State {
  return state.current?.image === image ? advance(state) : state
}

/** Puts an image on the screen; the one that was there comes next. */
function showNow(state: State, image: ImageId): State {
  if (state.current?.image === image) return state
  const isIt = (shown: Shown) => shown.image === image
  const known = state.upcoming.find(isIt) ?? state.missing.find(isIt)
  const current = known ?? { image, probability: null, ranking: null }
  const missing = state.missing.filter((shown) => !isIt(shown))
  const rest = state.upcoming.filter((shown) => !isIt(shown))
  return { ...state, current, missing, upcoming: state.current ? [state.current, ...rest] : rest }
}

/** The next one in line. */
function advance(state: State): State {
  const [current = null, ...upcoming] = state.upcoming
  return { ...state, current, upcoming }
}

/** Answers that the server has not made durable yet. */
export function unsaved(state: State): Pending[] {
  return state.pending.filter(({ seq }) => seq === null)
}

/** What the statistics count is pending no more, so that nothing counts twice. */
function withoutCounted(state: State): State {
  const known = state.statistics?.next_seq ?? 0
  return { ...state, pending: state.pending.filter(({ seq }) => seq === null || seq >= known) }
}

/** Statistics as they will be when everything under way is durable. */
export function expectedCounts(state: State): {
  positives: number
  negatives: number
  answered: number
} {
  const counted = state.statistics ?? { positives: 0, negatives: 0, skipped: 0 }
  const under = (answer: Answer) =>
    state.pending.filter((pending) => pending.answer === answer).length
  const positives = counted.positives + under('positive')
  const negatives = counted.negatives + under('negative')
  return { positives, negatives, answered: positives + negatives + counted.skipped + under('skip') }
}

export function never(value: never): never {
  throw new Error(`unexpected: ${JSON.stringify(value)}`)
}
