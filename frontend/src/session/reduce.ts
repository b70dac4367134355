// How each thing that happens changes what the page knows. Pure: ids and times come in with the action.

import type {
  Answer,
  CommandId,
  HistoryLook,
  ImageId,
  Notice,
  QueueItem,
  Source,
  ToPage,
  Welcome,
} from '../protocol'
import {
  adopt,
  give,
  giveLate,
  letGo,
  settle,
  takeRefusal,
  undoHere,
  withoutCounted,
} from './answers'
import { advance, leave, showNow, takeBack, takeOut, takeQueue } from './line'
import { pinned } from './notices'
import { begun, findAgain, goOn, miss, takeMoment, takeOffered } from './replay'
import {
  type Asked,
  type Connection,
  initial,
  never,
  type Pending,
  type State,
  type Step,
  unsaved,
} from './state'
import { closeFinish, stepDone, stepRefused } from './step'
import { NAMES, whose } from './words'

export type Action =
  | { type: 'connection'; connection: Connection }
  | { type: 'received'; message: ToPage }
  | {
      type: 'answered'
      id: CommandId
      answer: Answer
      source: Source
      shownMs: number
      at: number
      /** Not sent yet, so that a late key may change it. */
      hold: boolean
    }
  | { type: 'answered late'; answer: Answer }
  | { type: 'let go'; id: CommandId }
  | { type: 'left behind'; answers: Pending[] }
  | { type: 'undone here' }
  | { type: 'asked'; asked: Asked }
  | { type: 'looked at again'; look: HistoryLook }
  | { type: 'looked at'; item: QueueItem }
  | { type: 'left as it was' }
  | { type: 'unreadable'; image: ImageId }
  | { type: 'arrived'; image: ImageId }
  | { type: 'history closed' }
  | { type: 'finish opened' }
  | { type: 'finish closed' }
  | { type: 'step asked'; step: Step }
  | { type: 'lit for long enough' }
  | { type: 'said'; text: string }
  | { type: 'dismissed'; notice: Notice }

export function reduce(state: State, action: Action): State {
  const { replay } = state
  switch (action.type) {
    case 'connection':
      return { ...state, connection: action.connection }
    case 'received':
      return receive(state, action.message)
    case 'answered': {
      const { id, answer, source, shownMs, at, hold } = action
      const sent = state.connection === 'open' && !hold
      return give(state, { id, answer, source, shownMs, givenAt: at, held: hold, sent })
    }
    case 'answered late':
      return giveLate(state, action.answer)
    case 'let go':
      return letGo(state, action.id)
    case 'left behind':
      return adopt(state, action.answers)
    case 'undone here':
      return undoHere(state)
    case 'asked':
      return { ...state, asked: [...state.asked, action.asked] }
    case 'looked at again': {
      const { image, answer, source, probability } = action.look
      const shown = { image, probability, ranking: null, was: answer, by: source }
      const said = `To be corrected. ${whose(source)} was ${NAMES[answer]}.`
      return { ...showNow(state, shown), said }
    }
    case 'looked at': {
      const { image } = action.item
      const isThere = state.current?.image === image
      // No ranking brought it: what was seen of it says nothing of how right the order is.
      const next = isThere ? state : showNow(state, { ...action.item, ranking: null })
      return { ...next, said: `Image ${image} is on the screen, to be answered.` }
    }
    case 'left as it was':
      return state.current?.was ? advance(state) : state
    case 'unreadable':
      return replay ? miss(state, replay, action.image) : takeOut(state, action.image)
    case 'arrived':
      return replay ? findAgain(state, replay, action.image) : takeBack(state, action.image)
    case 'history closed':
      return { ...state, history: null }
    case 'finish opened':
      return { ...state, finishing: true }
    case 'finish closed':
      return closeFinish(state)
    case 'step asked':
      return { ...state, step: action.step }
    case 'lit for long enough':
      return replay ? goOn(state, replay) : state
    case 'said':
      return { ...state, said: action.text }
    case 'dismissed':
      return { ...state, notices: state.notices.filter((notice) => notice !== action.notice) }
    default:
      return never(action)
  }
}

function receive(state: State, message: ToPage): State {
  const { replay } = state
  switch (message.type) {
    case 'welcome':
      return greet(state, message)
    case 'queue':
      return replay ? takeOffered(state, replay, message) : takeQueue(state, message)
    case 'ack': {
      const settled = stepDone(settle(state, message), message)
      if (!message.look) return settled
      const { image, answer, counts, now } = message.look
      if (counts) return { ...leave(settled, image), said: `Again: ${NAMES[answer]}.` }
      const shown = { image, probability: null, ranking: null }
      // After the undo of a correction it has the answer from before.
      const back = showNow(settled, now ? { ...shown, was: now } : shown)
      return { ...back, said: `Undone: ${NAMES[answer]}. The image is back.` }
    }
    case 'refused':
      return stepRefused(state, message) ?? takeRefusal(state, message)
    case 'statistics':
      return withoutCounted({ ...state, statistics: message })
    case 'charts':
      return { ...state, charts: message }
    case 'training':
      return { ...state, training: message }
    case 'plugins':
      return { ...state, plugins: message }
    case 'set_aside':
      return { ...state, setAside: message }
    case 'history':
      return { ...state, history: message }
    case 'finish':
      // What comes after the dialogue was closed is nobody's.
      return state.finishing ? { ...state, finish: message } : state
    case 'notice':
      return { ...state, notices: pinned(state.notices, message) }
    case 'replay':
      return replay ? takeMoment(state, replay, message) : state
    default:
      return never(message)
  }
}

/** A server of another session has nothing to do with what this page still holds. */
function greet(state: State, welcome: Welcome): State {
  const replay = welcome.replay ? (state.replay ?? begun) : null
  if (state.welcome === null || state.welcome.session === welcome.session) {
    const pending = state.pending.map((answer) => ({ ...answer, held: false, sent: true }))
    // What could not be fetched while the server was away may be fetched now.
    return { ...state, welcome, pending, missing: [], connection: 'open', replay }
  }
  const lost = unsaved(state).length
  const kept =
    lost > 0
      ? ` Of the other one, ${lost} unsent ${lost === 1 ? 'answer is' : 'answers are'} kept in this browser until it is open here again.`
      : ''
  const text = `This is another session than before.${kept}`
  const notices: Notice[] = [{ level: 'warning', text }]
  // In a replay there is nothing to be labelled.
  const finishing = state.finishing && !replay
  return { ...initial, welcome, connection: 'open', finishing, notices, replay: replay && begun }
}
