// Everything the page knows. Pure: no clock, no network, no randomness. How each thing that happens
// changes it is in `reduce.ts`.

import type {
  Answer,
  BulkId,
  Charts,
  CommandId,
  Finish,
  History,
  Notice,
  Plugins,
  Queue,
  QueueItem,
  RankingId,
  Replay,
  ReplayedLook,
  SetAside,
  Source,
  Statistics,
  ToServer,
  Training,
  Welcome,
} from '../protocol'

/** An image on the screen or about to be: what was said about it when it was put in line. */
export interface Shown extends QueueItem {
  ranking: RankingId | null
  /** The answer that it has, where it is shown to be corrected. */
  was?: Answer
  /** Who gave it, as far as that is known. */
  by?: Source
  /** The answer that could not be saved, where it is back for that. */
  refused?: Answer
  /** It stays next in line, whatever newer rankings say. */
  next?: true
}

/** What only the server can do, and has not done yet. */
export interface Asked {
  id: CommandId
  type: 'undo' | 'redo'
  /** When, ms since 1970. */
  at: number
}

/** An answer that is not in the server's statistics yet. */
export interface Pending {
  id: CommandId
  shown: Shown
  answer: Answer
  source: Source
  shownMs: number
  /** When, ms since 1970. */
  givenAt: number
  /** Not sent yet, because a late key may still change it. */
  held: boolean
  /** Whether it may have reached the server. */
  sent: boolean
  /** Its number in the log, once it is durable. */
  seq: number | null
}

/** A step of many labels that this page asked for, or asked to take back. */
export interface Step {
  message: Extract<ToServer, { type: 'finish' | 'revoke' }>
  /** Labels that it was to give, or to take back. */
  labels: number
  /** The newest step before it; 0: none. */
  after: BulkId
  /** What came of it; null: nothing yet. */
  came: { done: true } | { why: string } | null
}

/** A session that is played again. */
export interface Replayed {
  /** Where it stands; null until the server has said it. */
  at: Replay | null
  /** What was on offer then; null until the server has said it. */
  queue: Queue | null
  /** The answer that is just being given. */
  lit: ReplayedLook | null
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
  asked: Asked[]
  /** On offer, but they could not be fetched: they wait beside the line until they arrive. */
  missing: Shown[]
  statistics: Statistics | null
  /** How it went, as it was when the page last asked for it. */
  charts: Charts | null
  training: Training | null
  plugins: Plugins | null
  setAside: SetAside
  /** The last answers, while somebody looks at them. */
  history: History | null
  /** The dialogue about the model labelling the rest is open. */
  finishing: boolean
  /** What would become of which thresholds, as the server last said while it is open. */
  finish: Finish | null
  /** One at a time. */
  step: Step | null
  /** Null: answers are taken. */
  replay: Replayed | null
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
  asked: [],
  missing: [],
  statistics: null,
  charts: null,
  training: null,
  plugins: null,
  setAside: { total: 0, files: [] },
  history: null,
  finishing: false,
  finish: null,
  step: null,
  replay: null,
  notices: [],
  said: '',
}

/** Answers that the server has not made durable yet. */
export function unsaved(state: State): Pending[] {
  return state.pending.filter(({ seq }) => seq === null)
}

/** The answer of the clock that a late key can still change. */
export function heldBack(state: State): Pending | null {
  const last = state.pending.at(-1)
  return last?.held ? last : null
}

/** Statistics as they will be when everything under way is durable. */
export function expectedCounts(state: State): {
  positives: number
  negatives: number
  /** Images. */
  answered: number
  /** An image that was answered again counts once more. */
  looks: number
} {
  const counted = state.statistics ?? { positives: 0, negatives: 0, skipped: 0, looks: 0 }
  // A correction takes one away where it adds one elsewhere.
  const under = (answer: Answer) =>
    state.pending.filter((pending) => pending.answer === answer).length -
    state.pending.filter(({ shown }) => shown.was === answer).length
  const positives = counted.positives + under('positive')
  const negatives = counted.negatives + under('negative')
  const answered = positives + negatives + counted.skipped + under('skip')
  return { positives, negatives, answered, looks: counted.looks + state.pending.length }
}

export function never(value: never): never {
  throw new Error(`unexpected: ${JSON.stringify(value)}`)
}
