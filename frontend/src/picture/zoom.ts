// The view of the picture on the stage, and what keys, buttons and gestures do to it. The zoom stays
// from picture to picture, until the page is left.

import { batch, signal } from '@preact/signals'
import { type Detail, isOriginal, larger, longerSide } from './detail'
import {
  actualSize,
  CENTRE,
  clamp,
  FIT,
  type Point,
  pan,
  pixelScale,
  type Sizes,
  STEP,
  type View,
  zoomAt,
} from './view'

export interface OnStage extends Sizes {
  /** What the picture came as. */
  detail: Detail
}

export const view = signal<View>(FIT)
/** The picture on the stage; none while none is loaded. */
export const onStage = signal<OnStage | null>(null)
/** Where actual size was asked for, while the original is on its way. */
const awaited = signal<Point | null>(null)

/** Another picture takes the stage. */
export function clearStage(): void {
  batch(() => {
    awaited.value = null
    onStage.value = null
    view.value = { ...FIT, zoom: view.peek().zoom }
  })
}

/** The picture is loaded, came in more detail, or has more or less room. */
export function takeStage(next: OnStage): void {
  if (next.picture.width === 0 || next.picture.height === 0) return
  batch(() => {
    onStage.value = next
    view.value = clamp(view.peek(), next)
    const point = awaited.peek()
    if (point) actual(point)
  })
}

/** The detail that would show more than what is on the stage; none if that is enough. */
export function missingDetail(): Detail | null {
  const stage = onStage.value
  if (!stage || isOriginal(stage.detail, stage.picture)) return null
  if (awaited.value) return 'original'
  // What fills the screen is enough until the person looks closer.
  if (isFit()) return null
  const shown = pixelScale(view.value, stage) * longerSide(stage.picture)
  return larger(stage.detail, stage.picture, shown)
}

/** Whether nothing of the picture lies outside the stage. */
export function isFit(): boolean {
  return view.value.zoom <= 1
}

export function zoomBy(factor: number, point: Point = CENTRE): void {
  const stage = onStage.peek()
  if (!stage) return
  awaited.value = null
  view.value = zoomAt(view.peek(), factor, point, stage)
}

export function panBy(dx: number, dy: number): void {
  const stage = onStage.peek()
  if (stage) view.value = pan(view.peek(), dx, dy, stage)
}

export function zoomIn(): void {
  zoomBy(STEP)
}

export function zoomOut(): void {
  zoomBy(1 / STEP)
}

export function fit(): void {
  awaited.value = null
  view.value = FIT
}

/** One pixel of the original on one of the screen; where it came reduced, when the original is there. */
export function actual(point: Point = CENTRE): void {
  const stage = onStage.peek()
  if (!stage) return
  const isThere = isOriginal(stage.detail, stage.picture)
  awaited.value = isThere ? null : point
  if (isThere) view.value = actualSize(view.peek(), stage, point)
}

/** To actual size, and back. */
export function toggle(point: Point): void {
  const toActual = view.peek().zoom === 1 && !awaited.peek()
  giveUp()
  view.value = FIT
  if (toActual) actual(point)
}

/** The original can't be had. */
export function giveUp(): void {
  awaited.value = null
}
