// The next pictures are fetched and decoded before they are needed, and the very element that was
// decoded is put on the screen: so the next picture is there in the same frame. Those that could not
// be fetched are tried again every few seconds.

import type { ImageId } from '../protocol'
import type { Detail } from './detail'

/** Pictures ahead of the current one that are kept ready; fewer on a phone, whose memory is small. */
export const AHEAD = globalThis.matchMedia?.('(pointer: coarse)').matches ? 4 : 8
/** A missing picture is tried again after so long: soon enough for a person who waits for a disk. */
export const AGAIN_MS = 3000
/** Longer side of what stands for a picture in a list. */
const THUMBNAIL_PIXELS = 160

/** Address of a picture in some detail. Sessions don't share addresses. */
export function address(image: ImageId, session: string, detail: Detail): string {
  const max = detail === 'original' ? '' : `max=${detail}&`
  return `/images/${image}?${max}of=${session.slice(0, 8)}`
}

/** Address of a small version. */
export function thumbnail(image: ImageId, session: string): string {
  return address(image, session, THUMBNAIL_PIXELS)
}

export interface Listener {
  /** A picture of the line could not be fetched. */
  failed(image: ImageId): void
  /** A missing picture is there now. */
  arrived(image: ImageId): void
}

export class Preloader {
  private readonly pictures = new Map<ImageId, HTMLImageElement>()
  private missing = new Set<ImageId>()
  private readonly retries = new Map<ImageId, ReturnType<typeof setTimeout>>()

  constructor(
    private readonly addressOf: (image: ImageId) => string,
    private readonly listener: Listener,
  ) {}

  /** Keeps a line ready, in this order of urgency, tries missing ones again, and forgets all others. */
  keep(line: ImageId[], missing: ImageId[]): void {
    this.missing = new Set(missing)
    const wanted = new Set([...line, ...missing])
    for (const image of this.pictures.keys()) {
      if (!wanted.has(image)) this.pictures.delete(image)
    }
    for (const [image, retry] of this.retries) {
      if (this.missing.has(image)) continue
      clearTimeout(retry)
      this.retries.delete(image)
    }
    for (const image of line) this.picture(image)
    for (const image of missing) this.tryLater(image)
  }

  /** The element of a picture; being fetched, if it is not there yet. */
  picture(image: ImageId): HTMLImageElement {
    const known = this.pictures.get(image)
    if (known) return known
    const element = new Image()
    element.alt = ''
    element.draggable = false
    // Only a picture that is still wanted is worth a word.
    const isWanted = () => this.pictures.get(image) === element
    element.onload = () => {
      if (isWanted() && this.missing.has(image)) this.listener.arrived(image)
    }
    element.onerror = () => {
      if (!isWanted()) return
      this.pictures.delete(image)
      // That a missing one is still missing is no news.
      if (this.missing.has(image)) this.tryLater(image)
      else this.listener.failed(image)
    }
    element.src = this.addressOf(image)
    element.decode().catch(() => {}) // A failure arrives as `onerror`.
    this.pictures.set(image, element)
    return element
  }

  private tryLater(image: ImageId): void {
    if (this.pictures.has(image) || this.retries.has(image)) return
    const retry = setTimeout(() => {
      this.retries.delete(image)
      this.picture(image)
    }, AGAIN_MS)
    this.retries.set(image, retry)
  }
}
