// Fetches more detail of the picture on the stage, and hands it over when it can be drawn at once.

import type { ImageId } from '../protocol'
import type { Detail } from './detail'

/** A zoom that goes on is waited for, so that what it passes through is not fetched. */
export const PAUSE_MS = 120

export interface Listener {
  /** Decoded, and still wanted. */
  arrived(element: HTMLImageElement, detail: Detail): void
  failed(): void
}

export class Sharper {
  private wanted: { image: ImageId; detail: Detail } | null = null
  private fetching: HTMLImageElement | null = null
  private pause: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly addressOf: (image: ImageId, detail: Detail) => string,
    private readonly listener: Listener,
  ) {}

  /** Fetches this detail, unless as much is on its way. */
  want(image: ImageId, detail: Detail): void {
    if (this.wanted?.image === image && reaches(this.wanted.detail, detail)) return
    clearTimeout(this.pause)
    this.wanted = { image, detail }
    this.pause = setTimeout(() => this.fetch(image, detail), PAUSE_MS)
  }

  /** The person is elsewhere. */
  drop(): void {
    clearTimeout(this.pause)
    this.wanted = null
    // What is on its way is given up: the next pictures come first.
    this.fetching?.removeAttribute('src')
    this.fetching = null
  }

  private fetch(image: ImageId, detail: Detail): void {
    const wanted = this.wanted
    const element = new Image()
    element.alt = ''
    element.draggable = false
    // Drawn in the frame in which it takes the other's place.
    element.decoding = 'sync'
    element.src = this.addressOf(image, detail)
    this.fetching = element
    const finish = (tell: () => void) => {
      if (this.wanted !== wanted) return
      this.wanted = null
      this.fetching = null
      tell()
    }
    element.decode().then(
      () => finish(() => this.listener.arrived(element, detail)),
      () => finish(() => this.listener.failed()),
    )
  }
}

function reaches(has: Detail, wanted: Detail): boolean {
  return has === 'original' || (wanted !== 'original' && has >= wanted)
}
