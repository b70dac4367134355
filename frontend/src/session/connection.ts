// The WebSocket: greets, speaks, and comes back by itself when it was lost.

import { PROTOCOL, type ToPage, type ToServer } from '../protocol'

const FIRST_WAIT_MS = 300
const LONGEST_WAIT_MS = 5000

export interface Listener {
  received(message: ToPage): void
  lost(): void
}

export class Connection {
  private socket: WebSocket | null = null
  private waitMs = FIRST_WAIT_MS

  constructor(
    private readonly address: string,
    private readonly annotator: string,
    private readonly listener: Listener,
  ) {
    this.open()
  }

  /** Sends, and says whether there was a connection to send by. */
  send(message: ToServer): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  /** Gives the line up and opens another one. */
  restart(): void {
    this.socket?.close()
    // A dead line does not even close; nobody waits for it.
    if (this.socket?.onclose) this.ended(this.socket)
  }

  private ended(socket: WebSocket): void {
    socket.onclose = null
    socket.onmessage = null
    this.listener.lost()
    setTimeout(() => this.open(), this.waitMs)
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS)
  }

  private open(): void {
    const socket = new WebSocket(this.address)
    this.socket = socket
    socket.onopen = () => {
      this.waitMs = FIRST_WAIT_MS
      this.send({ type: 'hello', protocol: PROTOCOL, annotator: this.annotator })
    }
    socket.onmessage = (event) => this.listener.received(JSON.parse(event.data) as ToPage)
    socket.onclose = () => this.ended(socket)
  }
}

/** Where the socket of this page is. */
export function socketAddress({ protocol, host }: Location): string {
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/ws`
}
