import { placed } from '../session/attention'
import { unsaved } from '../session/state'
import { state } from '../session/store'
import { Empty } from './Empty'
import { KEPT } from './kept'

/** Whether answers reach the server, in a word. */
export function ConnectionState() {
  const { connection, replay } = state.value
  const waiting = unsaved(state.value).length
  const text = {
    connecting: 'connecting …',
    open: waiting > 0 ? `saving ${waiting} …` : replay ? 'replay' : 'saved',
    lost: waiting > 0 ? `no connection; ${waiting} to send` : 'no connection',
  }[connection]
  return (
    <p class={`connection ${connection}`} role="status" data-testid="connection">
      {text}
    </p>
  )
}

/** Instead of a picture that can't come without a connection. */
export function Unreachable() {
  const { connection, current } = state.value
  return connection === 'lost' && current && placed.value !== current.image ? <Empty /> : null
}

/** What a lost connection means for a picture that can be answered. */
export function Away() {
  const { connection, current, replay } = state.value
  if (connection !== 'lost' || !current || placed.value !== current.image) return null
  return <p class="away">The server is away. {!replay && `Go on: ${KEPT}`}</p>
}
