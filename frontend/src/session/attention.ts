// Whether the picture is under a person's eyes, and for how long it has been.

import { computed, effect, signal } from '@preact/signals'
import type { ImageId } from '../protocol'
import { elapsed, run, stop, zero } from './stopwatch'

/** The person has stopped the clock. */
export const paused = signal(false)
/** The tab is in the background, or the keys go to another window. */
export const hidden = signal(false)
/** The tab is to be seen, whichever window has the keys. */
export const inView = signal(true)
/** A dialogue lies over the picture. */
export const covered = signal(false)
/** The picture that stands in its place, drawn or about to be in this very frame. */
export const placed = signal<ImageId | null>(null)
/** The picture that has really been drawn. */
export const shown = signal<ImageId | null>(null)

const sees = computed(() => !paused.value && !hidden.value && !covered.value)
let watch = zero

/** Follows the tab and the pauses; called once. */
export function payAttention(): void {
  const look = () => {
    inView.value = !document.hidden
    hidden.value = document.hidden || !document.hasFocus()
  }
  look()
  document.addEventListener('visibilitychange', look)
  window.addEventListener('focus', look)
  window.addEventListener('blur', look)
  effect(() => {
    const now = performance.now()
    watch = sees.value ? run(watch, now) : stop(watch, now)
  })
}

/** Another picture takes the place, and has not been drawn yet. */
export function notShown(): void {
  shown.value = null
  watch = zero
}

/** A picture has been drawn. */
export function wasShown(image: ImageId, now: number): void {
  shown.value = image
  watch = sees.peek() ? run(zero, now) : zero
}

/** How long the picture has been on the screen, ms. */
export function shownMs(): number {
  return Math.round(elapsed(watch, performance.now()))
}
