// In which sizes a picture can be had. A large one comes reduced to what covers the screen; more of it
// is fetched when the person zooms in so far that it would be seen.

import type { Size } from './view'

/** So many pixels along the longer side at most; or the file as it is. */
export type Detail = number | 'original'

const SIZES = [1024, 1536, 2048, 3072, 4096]

/** What covers a screen of so many pixels. */
export function covering(screenPixels: number): Detail {
  return SIZES.find((size) => size >= screenPixels) ?? Math.max(...SIZES)
}

/** Whether a picture that came in this detail has all its pixels. */
export function isOriginal(detail: Detail, picture: Size): boolean {
  return detail === 'original' || longerSide(picture) < detail
}

/** What shows more than a picture that came in this detail does; none if that has enough. */
export function larger(detail: Detail, picture: Size, shownPixels: number): Detail | null {
  if (isOriginal(detail, picture) || shownPixels <= longerSide(picture)) return null
  return SIZES.find((size) => size > longerSide(picture) && size >= shownPixels) ?? 'original'
}

export function longerSide({ width, height }: Size): number {
  return Math.max(width, height)
}
