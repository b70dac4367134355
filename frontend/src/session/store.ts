// The one state of the page, and what a person can do.

import { computed, effect, signal } from '@preact/signals'
import { keeps } from '../memory'
import type {
  Answer,
  HistoryFilter,
  HistoryLook,
  ImageId,
  Notice,
  PluginKind,
  Plugins,
  QueueItem,
  ReplayWish,
  Source,
  StepMade,
  Thresholds,
  ToPage,
  ToServer,
} from '../protocol'
import { paused, placed, shown, shownMs } from './attention'
import { Connection, socketAddress } from './connection'
import { newId } from './ids'
import { follow, forgetPage, leftBy, pagesOf } from './kept'
import { live, PAGE, whenGone } from './pages'
import { type Action, reduce } from './reduce'
import { type Asked, heldBack, initial, type Pending, type Step, unsaved } from './state'
import { isUnderWay } from './step'
import { type Wish, withWish } from './wishes'

export type Values = Plugins['selector_values']
type Changes = Extract<ToServer, { type: 'set_parameters' }>['changes']

/** A key within so many ms after the clock has brought the next picture is meant for the one before. */
export const LATE_MS = 150
/** So long an answer of a replay is lit on its picture, ms: less than the server takes from one moment to the next. */
export const LIT_MS = 200
/** A next picture that takes longer than this to appear is not waited for, ms. */
const LONGEST_HOLD_MS = 1000

export const state = signal(initial)

let connection: Connection | null = null
let wishes: readonly Wish[] = []
/** When the server last said hello, ms since 1970. */
let openSince = 0
let holdEnds: ReturnType<typeof setTimeout> | undefined

function dispatch(action: Action): void {
  const before = state.peek()
  state.value = reduce(before, action)
  const { pending, welcome } = state.peek()
  // Answers of another session stay kept for it.
  if (welcome && welcome.session === before.welcome?.session)
    follow(welcome.session, PAGE, before.pending, pending)
}

function send(message: ToServer): boolean {
  return state.peek().connection === 'open' && (connection?.send(message) ?? false)
}

/** Sends what only the server can do, or says that it was not done. Whether it was sent. */
function ask(message: ToServer): boolean {
  const sent = send(message)
  if (!sent) tellNoConnection()
  return sent
}

export function tellNoConnection(): void {
  const text = 'There is no connection; nothing was changed.'
  dispatch({ type: 'received', message: { type: 'notice', level: 'warning', text } })
}

function messageOf({ id, shown: { image, ranking }, answer, source, shownMs }: Pending): ToServer {
  return { type: 'answer', id, image, answer, source, shown_ms: shownMs, ranking }
}

/** What the server has not acknowledged, in the order in which the person did it. */
function outbox(): ToServer[] {
  const answers = unsaved(state.peek()).map((given) => ({
    at: given.givenAt,
    message: messageOf(given),
  }))
  const asked = state.peek().asked.map(({ id, type, at }) => ({ at, message: { type, id } }))
  const { step } = state.peek()
  const steps = step && isUnderWay(state.peek()) ? [step.message] : []
  // The sort is stable: what was done in one millisecond stays in its order.
  const inOrder = [...answers, ...asked].sort((a, b) => a.at - b.at).map(({ message }) => message)
  return [...inOrder, ...steps]
}

/** Answers that pages of this browser could not send become this page's as soon as those have gone. */
function takeOver(session: string): void {
  for (const page of pagesOf(session)) {
    const take = () => {
      if (state.peek().welcome?.session !== session) return
      const answers = leftBy(session, page)
      if (answers.length === 0) return
      dispatch({ type: 'left behind', answers })
      if (page !== PAGE) forgetPage(session, page)
      for (const answer of answers) send(messageOf(answer))
    }
    if (page === PAGE) take()
    else whenGone(page, take)
  }
}

/** A connection that says nothing to what was sent for so long is dead, whatever it seems, ms. */
const SILENCE_MS = 10_000

/** Connects anew where answers and undos go out and nothing comes back. */
function lookForSilence(): void {
  const { connection: now, asked } = state.peek()
  const answers = unsaved(state.peek()).filter(({ sent }) => sent)
  const oldest = Math.min(...answers.map(({ givenAt }) => givenAt), ...asked.map(({ at }) => at))
  const since = Math.max(oldest, openSince)
  if (now === 'open' && Date.now() - since > SILENCE_MS) connection?.restart()
}

/** Connects; the page works from here on by itself. */
export function begin(): void {
  connection = new Connection(socketAddress(location), 'page', {
    received: (message: ToPage) => {
      const known = state.peek().welcome?.session
      dispatch({ type: 'received', message })
      if (message.type !== 'welcome') return
      openSince = Date.now()
      // Whatever was not acknowledged is sent again, in its order; the server knows the ids.
      for (const message of outbox()) send(message)
      if (message.session !== known) takeOver(message.session)
      for (const wish of wishes) send(wish)
    },
    lost: () => dispatch({ type: 'connection', connection: 'lost' }),
  })
  live()
  window.addEventListener('beforeunload', (event) => {
    // What the browser keeps is not lost.
    if (unsaved(state.peek()).length > 0 && !keeps()) event.preventDefault()
  })
  window.addEventListener('pagehide', letGo)
  setInterval(lookForSilence, SILENCE_MS / 4)
  // What the clock answered is let go when the picture after it has been there for a moment.
  effect(() => {
    if (shown.value !== null && heldBack(state.peek())) holdFor(LATE_MS)
  })
  const lit = computed(() => state.value.replay?.lit ?? null)
  effect(() => {
    if (!lit.value) return undefined
    const over = setTimeout(() => dispatch({ type: 'lit for long enough' }), LIT_MS)
    return () => clearTimeout(over)
  })
}

/** An answer by swipe: it is about the picture under the finger, however short it has been there. */
export function swiped(said: Answer): void {
  if (paused.peek()) return
  letGo()
  give(said, 'manual')
}

/** An answer by key or button. */
export function answer(said: Answer): void {
  if (paused.peek()) return
  if (heldBack(state.peek())) {
    dispatch({ type: 'answered late', answer: said })
    letGo()
  } else {
    give(said, 'manual')
  }
}

/** The time of the picture on the screen ran out. */
export function answerByClock(image: ImageId): void {
  if (state.peek().current?.image !== image) return
  letGo()
  give('negative', 'timeout')
  holdFor(LONGEST_HOLD_MS)
}

function give(said: Answer, source: Source): void {
  const { current, asked, connection, replay } = state.peek()
  // Nobody answers what is not there to be seen yet, was answered long ago, or is about to be changed by an undo.
  if (!current || placed.peek() !== current.image || replay) return
  if (asked.length > 0 && connection === 'open') return
  const hold = source === 'timeout'
  const [id, at] = [newId(), Date.now()]
  dispatch({ type: 'answered', id, answer: said, source, shownMs: shownMs(), at, hold })
  const last = state.peek().pending.at(-1)
  if (last && !hold) send(messageOf(last))
}

function holdFor(ms: number): void {
  clearTimeout(holdEnds)
  holdEnds = setTimeout(letGo, ms)
}

function letGo(): void {
  clearTimeout(holdEnds)
  const last = heldBack(state.peek())
  if (!last) return
  dispatch({ type: 'let go', id: last.id })
  send(messageOf(last))
}

export function undo(): void {
  const isHere = heldBack(state.peek()) !== null || state.peek().connection !== 'open'
  if (isHere) dispatch({ type: 'undone here' })
  else askInTurn('undo')
}

export function redo(): void {
  letGo()
  if (state.peek().connection === 'open') askInTurn('redo')
  else tellNoConnection()
}

/** Until it is done no answer is given: nobody knows yet which picture comes back. */
function askInTurn(type: Asked['type']): void {
  const asked = { id: newId(), type, at: Date.now() }
  dispatch({ type: 'asked', asked })
  send({ type, id: asked.id })
}

export function chooseSelector(name: string): void {
  ask({ type: 'choose_selector', id: newId(), name })
}

export function chooseNetwork(name: string): void {
  ask({ type: 'choose_network', id: newId(), name })
}

/** Changes values of a plugin; null: again as the settings or the plugin say. */
export function setParameters(kind: PluginKind, plugin: string, changes: Changes): void {
  ask({ type: 'set_parameters', id: newId(), kind, plugin, changes })
}

/** Wants something to be told, also after a new connection, or no more of it. */
function want(wish: Wish): void {
  wishes = withWish(wishes, wish)
  send(wish)
}

/** Wants the last answers to be told; none: no more. */
export function wantHistory(count: number, filter: HistoryFilter): void {
  want({ type: 'want_history', count, filter })
  if (count === 0) dispatch({ type: 'history closed' })
}

/** Wants the charts to be told, or no more. Those that were told stay: a look away does not empty the panel. */
export function wantCharts(wanted: boolean): void {
  want({ type: 'want_charts', wanted })
}

/** Shows an image that was answered again, to be corrected. */
export function lookAgain(look: HistoryLook): void {
  letGo()
  dispatch({ type: 'looked at again', look })
}

/** Shows an image that nobody has answered, to be answered now. */
export function lookAt(item: QueueItem): void {
  letGo()
  dispatch({ type: 'looked at', item })
}

export function openFinish(): void {
  if (state.peek().welcome) dispatch({ type: 'finish opened' })
}

export function closeFinish(): void {
  dispatch({ type: 'finish closed' })
}

/** Asks what would become of these thresholds; null: of those that are suggested. Whether that could be asked. */
export function askFinish(thresholds: Thresholds | null): boolean {
  return send({ type: 'want_finish', thresholds })
}

/** The model labels the rest: so many images, if nothing happens meanwhile. */
export function labelRest(thresholds: Thresholds, labels: number): void {
  letGo()
  askForStep({ type: 'finish', id: newId(), thresholds }, labels)
}

export function takeStepBack({ bulk, labels }: StepMade): void {
  askForStep({ type: 'revoke', id: newId(), bulk }, labels)
}

/** It is sent now, or with the next connection. */
function askForStep(message: Step['message'], labels: number): void {
  const { finish } = state.peek()
  if (isUnderWay(state.peek())) return
  const after = Math.max(0, ...(finish?.steps ?? []).map(({ bulk }) => bulk))
  dispatch({ type: 'step asked', step: { message, labels, after, came: null } })
  send(message)
}

/** Plays a replay otherwise, or from elsewhere. Whether that could be asked. */
export function replay(wish: ReplayWish): boolean {
  return ask({ type: 'replay', wish })
}

/** On without a correction. */
export function leaveAsItWas(): void {
  letGo()
  dispatch({ type: 'left as it was' })
}

/** The browser could not show it: on to the next, and the server looks for itself. */
export function unreadable(image: ImageId): void {
  // Without the server nothing can be fetched: that says nothing about the image.
  if (state.peek().connection !== 'open') return
  dispatch({ type: 'unreadable', image })
  send({ type: 'unreadable', image })
}

/** A picture that was missing is there now. */
export function arrived(image: ImageId): void {
  dispatch({ type: 'arrived', image })
}

/** Tells the live region. */
export function say(text: string): void {
  dispatch({ type: 'said', text })
}

export function dismiss(notice: Notice): void {
  dispatch({ type: 'dismissed', notice })
}
