// The one state of the page, and what a person can do.

import { effect, signal } from '@preact/signals'
import type {
  Answer,
  HistoryFilter,
  HistoryLook,
  ImageId,
  Notice,
  PluginKind,
  Plugins,
  Source,
  ToPage,
  ToServer,
} from '../protocol'
import { paused, placed, shown, shownMs } from './attention'
import { Connection, socketAddress } from './connection'
import { newId } from './ids'
import { follow, held } from './kept'
import { type Action, reduce } from './reduce'
import { heldBack, initial, type Pending, unsaved } from './state'

export type Values = Plugins['selector_values']
type Changes = Extract<ToServer, { type: 'set_parameters' }>['changes']

/** A key within so many ms after the clock has brought the next picture is meant for the one before. */
export const LATE_MS = 150
/** A next picture that takes longer than this to appear is not waited for, ms. */
const LONGEST_HOLD_MS = 1000

export const state = signal(initial)

let connection: Connection | null = null
let wanted: Extract<ToServer, { type: 'want_history' }> | null = null
let holdEnds: ReturnType<typeof setTimeout> | undefined

function dispatch(action: Action): void {
  const before = state.peek()
  state.value = reduce(before, action)
  const { pending, welcome } = state.peek()
  // Answers of another session stay kept for it.
  if (welcome && welcome.session === before.welcome?.session)
    follow(welcome.session, before.pending, pending)
}

function send(message: ToServer): boolean {
  return state.peek().connection === 'open' && (connection?.send(message) ?? false)
}

/** Sends what only the server can do, or says that it was not done. */
function ask(message: ToServer): void {
  if (send(message)) return
  const text = 'There is no connection; nothing was changed.'
  dispatch({ type: 'received', message: { type: 'notice', level: 'warning', text } })
}

function sendAnswer({ id, shown: { image, ranking }, answer, source, shownMs }: Pending): void {
  send({ type: 'answer', id, image, answer, source, shown_ms: shownMs, ranking })
}

/** Connects; the page works from here on by itself. */
export function begin(): void {
  connection = new Connection(socketAddress(location), 'page', {
    received: (message: ToPage) => {
      const known = state.peek().welcome?.session
      dispatch({ type: 'received', message })
      if (message.type !== 'welcome') return
      if (message.session !== known)
        dispatch({ type: 'left behind', answers: held(message.session) })
      // Whatever was not acknowledged is sent again; the server knows the ids.
      unsaved(state.peek()).forEach(sendAnswer)
      if (wanted) send(wanted)
    },
    lost: () => dispatch({ type: 'connection', connection: 'lost' }),
  })
  window.addEventListener('beforeunload', (event) => {
    if (unsaved(state.peek()).length > 0) event.preventDefault()
  })
  // What the clock answered is let go when the picture after it has been there for a moment.
  effect(() => {
    if (shown.value !== null && heldBack(state.peek())) holdFor(LATE_MS)
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
  const { current } = state.peek()
  // Nobody answers what is not there to be seen yet.
  if (!current || placed.peek() !== current.image) return
  const hold = source === 'timeout'
  const [id, at] = [newId(), Date.now()]
  dispatch({ type: 'answered', id, answer: said, source, shownMs: shownMs(), at, hold })
  const last = state.peek().pending.at(-1)
  if (last && !hold) sendAnswer(last)
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
  sendAnswer(last)
}

export function undo(): void {
  const isHere = heldBack(state.peek()) !== null
  if (isHere || !send({ type: 'undo', id: newId() })) dispatch({ type: 'undone here' })
}

export function redo(): void {
  ask({ type: 'redo', id: newId() })
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

/** Wants the last answers to be told, also after a new connection; none: no more. */
export function wantHistory(count: number, filter: HistoryFilter): void {
  wanted = count > 0 ? { type: 'want_history', count, filter } : null
  send({ type: 'want_history', count, filter })
  if (!wanted) dispatch({ type: 'history closed' })
}

/** Shows an image that was answered again, to be corrected. */
export function lookAgain(look: HistoryLook): void {
  dispatch({ type: 'looked at again', look })
}

/** On without a correction. */
export function leaveAsItWas(): void {
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
