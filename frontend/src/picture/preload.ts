// The next pictures are fetched and decoded before they are needed, and the very element that was
// decoded is put on the screen: so the next picture is there in the same frame.

import type { ImageId } from '../protocol'

/** Pictures ahead of the current one that are kept ready. */
export const AHEAD = 8
/** Sizes that are asked for; a larger picture comes reduced to the one that covers the screen. */
const SIZES = [1024, 2048, 4096]

/** Address of a picture that fills this screen. Sessions don't share addresses. */
export function address(image: ImageId, session: string, screenPixels: number): string {
  const max = SIZES.find((size) => size >= screenPixels) ?? SIZES[SIZES.length - 1]
  return `/images/${image}?max=${max}&of=${session.slice(0, 8)}`
}

export class Preloader {
  private readonly pictures = new Map<ImageId, HTMLImageElement>()

  constructor(
    private readonly addressOf: (image: ImageId) => string,
    private readonly failed: (image: ImageId) => void,
  ) {}

  /** Keeps these ready, in this order of urgency, and forgets all others. */
  keep(images: ImageId[]): void {
    const wanted = new Set(images)
    for (const image of this.pictures.keys()) {
      if (!wanted.has(image)) this.pictures.delete(image)
    }
    for (const image of images) this.picture(image)
  }

  /** The element of a picture; being fetched, if it is not there yet. */
  picture(image: ImageId): HTMLImageElement {
    const known = this.pictures.get(image)
    if (known) return known
    const element = new Image()
    element.alt = ''
    element.draggable = false
    element.onerror = () => {
      // Only a picture that is still wanted is worth a complaint.
      if (this.pictures.delete(image)) this.failed(image)
    }
    element.src = this.addressOf(image)
    element.decode().catch(() => {}) // A failure arrives as `onerror`.
    this.pictures.set(image, element)
    return element
  }
}
