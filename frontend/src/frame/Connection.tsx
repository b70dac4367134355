import { placed } from '../session/attention'
import { unsaved } from '../session/state'
import { state } from '../session/store'
import { Empty } from './Empty'

/** Whether answers reach the server, in a word. */
export function ConnectionState() {
  const { connection } = state.value
  const waiting = unsaved(state.value).length
  const text = {
    connecting: 'connecting …',
    open: waiting > 0 ? `saving ${waiting} …` : 'saved',
    lost: waiting > 0 ? `no connection; ${waiting} to send` : 'no connection',
  }[connection]
  return (
    <p class={`connection ${connection}`} role="status" data-testid="connection">
      {text}
    </p>
  )
}

/** What a lost connection means: over a picture that can be answered, or instead of one that can't come. */
export function Away() {
  const { connection, current } = state.value
  // Without a picture, its place says so.
  if (connection !== 'lost' || !current) return null
  if (placed.value !== current.image) return <Empty />
  return (
    <p class="away">
      The server is away. Go on: answers are kept in this browser and sent when it is back, also if
      you close the page.
    </p>
  )
}
