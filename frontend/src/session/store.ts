// The one state of the page, and what a person can do.

import { signal } from '@preact/signals'
import type { Answer, ImageId, Notice, PluginKind, Plugins, ToPage, ToServer } from '../protocol'
import { Connection, socketAddress } from './connection'
import { newId } from './ids'
import { type Action, initial, type Pending, reduce, unsaved } from './state'

export type Values = Plugins['selector_values']
type Changes = Extract<ToServer, { type: 'set_parameters' }>['changes']

export const state = signal(initial)

let connection: Connection | null = null
/** When the current picture was first on the screen, ms of the page's own clock. */
let shownAt = 0

function dispatch(action: Action): void {
  state.value = reduce(state.value, action)
}

function send(message: ToServer): boolean {
  return state.value.connection === 'open' && (connection?.send(message) ?? false)
}

/** Sends what only the server can do, or says that it was not done. */
function ask(message: ToServer): void {
  if (send(message)) return
  const text = 'There is no connection; nothing was changed.'
  dispatch({ type: 'received', message: { type: 'notice', level: 'warning', text } })
}

function sendAnswer({ id, shown, answer, source, shownMs }: Pending): void {
  const { image, ranking } = shown
  send({ type: 'answer', id, image, answer, source, shown_ms: shownMs, ranking })
}

/** Connects; the page works from here on by itself. */
export function begin(): void {
  connection = new Connection(socketAddress(location), 'page', {
    received: (message: ToPage) => {
      dispatch({ type: 'received', message })
      // Whatever was not acknowledged is sent again; the server knows the ids.
      if (message.type === 'welcome') unsaved(state.value).forEach(sendAnswer)
    },
    lost: () => dispatch({ type: 'connection', connection: 'lost' }),
  })
  window.addEventListener('beforeunload', (event) => {
    if (unsaved(state.value).length > 0) event.preventDefault()
  })
}

/** The picture is really on the screen. */
export function wasShown(now: number): void {
  shownAt = now
}

export function answer(said: Answer): void {
  if (!state.value.current) return
  const shownMs = Math.max(0, Math.round(performance.now() - shownAt))
  dispatch({ type: 'answered', id: newId(), answer: said, source: 'manual', shownMs })
  const last = state.value.pending.at(-1)
  if (last) sendAnswer(last)
}

export function undo(): void {
  if (!send({ type: 'undo', id: newId() })) dispatch({ type: 'undone offline' })
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

/** The browser could not show it: on to the next, and the server looks for itself. */
export function unreadable(image: ImageId): void {
  // Without the server nothing can be fetched: that says nothing about the image.
  if (state.value.connection !== 'open') return
  dispatch({ type: 'unreadable', image })
  send({ type: 'unreadable', image })
}

/** A picture that was missing is there now. */
export function arrived(image: ImageId): void {
  dispatch({ type: 'arrived', image })
}

export function dismiss(notice: Notice): void {
  dispatch({ type: 'dismissed', notice })
}
