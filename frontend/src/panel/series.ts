// What the discovery curve draws.

import type { CurvePoint } from '../protocol'

/**
 * Looks; positives found; what chance would have found by then, at least: there are as many
 * positives in the pool as were found, or more.
 */
export function series(curve: CurvePoint[], images: number): [number[], number[], number[]] {
  const points = [{ looks: 0, positives: 0 }, ...curve]
  const found = curve.at(-1)?.positives ?? 0
  const rate = images > 0 ? found / images : 0
  return [
    points.map(({ looks }) => looks),
    points.map(({ positives }) => positives),
    points.map(({ looks }) => rate * looks),
  ]
}
