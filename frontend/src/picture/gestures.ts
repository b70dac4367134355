// What pointers and the wheel do on the stage. One finger swipes an answer, or moves a picture that is
// larger than the stage; two zoom; a mouse moves and never answers.

import type { Answer, ImageId } from '../protocol'
import { decision, type Sample, type Swipe, swipe } from './swipe'
import type { Point } from './view'

export interface Acts {
  zoomBy(factor: number, point: Point): void
  panBy(dx: number, dy: number): void
  /** Between fit and actual size. */
  toggle(point: Point): void
  /** Whether there is nothing to move. */
  isFit(): boolean
  /** The picture that is on the stage and that an answer would be about; none while these differ. */
  picture(): ImageId | null
  /** The picture follows a finger. */
  follow(swipe: Swipe): void
  /** It goes back to its place: by itself, or at once. */
  springBack(): void
  putBack(): void
  answer(said: Answer): void
}

/** What the pointers that are down are doing. `spent`: nothing more until they are lifted. */
type Doing = 'nothing' | 'swipe' | 'pan' | 'pinch' | 'spent'

/** A press that stays within this is none that moves, CSS pixels. */
const SLOP_PX = 8
/** Two taps are one double tap if they are as near as this, in time and place. */
const TWICE_MS = 350
const TWICE_PX = 30
/** How much a pixel of the wheel zooms: a notch of 100 is about a quarter. */
const WHEEL = 0.0022
/** Trackpads say a pinch in small steps, as a wheel with Ctrl. */
const PINCH = 0.01
const LINE_PX = 16
/** What belongs to itself and not to the picture. */
const CONTROLS = 'button, a, input, select, summary, label'

export class Gestures {
  private readonly pointers = new Map<number, Sample>()
  private doing: Doing = 'nothing'
  private path: Sample[] = []
  private moved = false
  /** What the swipe is about. */
  private about: ImageId | null = null
  private tapped: Sample | null = null
  private readonly ending = new AbortController()

  constructor(
    private readonly stage: HTMLElement,
    private readonly acts: Acts,
  ) {
    const { signal } = this.ending
    stage.addEventListener('pointerdown', (event) => this.press(event), { signal })
    stage.addEventListener('pointermove', (event) => this.move(event), { signal })
    stage.addEventListener('pointerup', (event) => this.lift(event), { signal })
    stage.addEventListener('pointercancel', (event) => this.cancel(event), { signal })
    stage.addEventListener('lostpointercapture', (event) => this.cancel(event), { signal })
    stage.addEventListener('wheel', (event) => this.wheel(event), { signal, passive: false })
  }

  end(): void {
    this.ending.abort()
  }

  /** Whether a picture is under a finger: nothing else may take its place. */
  get isSwiping(): boolean {
    return this.doing === 'swipe'
  }

  /** Another picture is there all the same. */
  drop(): void {
    this.tapped = null
    if (!this.isSwiping) return
    this.doing = 'spent'
    this.acts.putBack()
  }

  private press(event: PointerEvent): void {
    if (event.pointerType === 'mouse' && event.button !== 0) return
    if (event.target instanceof Element && event.target.closest(CONTROLS)) return
    if (this.pointers.size === 2) return
    const at = sample(event)
    this.pointers.set(event.pointerId, at)
    this.stage.setPointerCapture(event.pointerId)
    if (this.pointers.size === 2) {
      if (this.isSwiping) this.acts.springBack()
      this.doing = 'pinch'
      this.moved = true
      return
    }
    this.path = [at]
    this.moved = false
    this.about = this.acts.picture()
    if (!this.acts.isFit()) this.doing = 'pan'
    else if (event.pointerType === 'mouse' || this.about === null) this.doing = 'nothing'
    else this.doing = 'swipe'
  }

  private move(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId)
    if (!before) return
    const at = sample(event)
    const two = this.pointers.size === 2 ? [...this.pointers.values()] : []
    this.pointers.set(event.pointerId, at)
    if (this.doing === 'pinch') {
      this.pinch(two, [...this.pointers.values()])
      return
    }
    this.path.push(at)
    const first = this.path[0] ?? at
    const wasMoved = this.moved
    this.moved ||= distance(first, at) > SLOP_PX
    if (!this.moved) return
    // What the slop held back is made up for.
    const from = wasMoved ? before : first
    if (this.doing === 'pan') this.acts.panBy(at.x - from.x, at.y - from.y)
    if (this.doing === 'swipe' && this.isSame()) {
      this.acts.follow(swipe(this.path, this.stage.clientWidth))
    }
  }

  private pinch([a, b]: Sample[], [c, d]: Sample[]): void {
    if (!a || !b || !c || !d) return
    const [before, after] = [middle(a, b), middle(c, d)]
    this.acts.panBy(after.x - before.x, after.y - before.y)
    this.acts.zoomBy(
      Math.max(1, distance(c, d)) / Math.max(1, distance(a, b)),
      this.fromCentre(after),
    )
  }

  private lift(event: PointerEvent): void {
    if (!this.pointers.delete(event.pointerId)) return
    const at = sample(event)
    if (this.doing === 'pinch') {
      // The finger that is left moves the picture; it does not begin to answer.
      this.doing = this.acts.isFit() ? 'spent' : 'pan'
      return
    }
    const done = this.doing
    this.doing = 'nothing'
    if (!this.moved && done !== 'spent') {
      if (done === 'swipe') this.acts.putBack()
      this.tap(at)
      return
    }
    if (done !== 'swipe' || !this.isSame()) return
    const said = decision([...this.path, at], this.stage.clientWidth, at.at)
    if (said) {
      // The next picture comes in its place.
      this.acts.putBack()
      this.acts.answer(said)
    } else this.acts.springBack()
  }

  private cancel(event: PointerEvent): void {
    if (!this.pointers.delete(event.pointerId)) return
    if (this.isSwiping) this.acts.springBack()
    this.doing = this.pointers.size > 0 ? 'spent' : 'nothing'
    this.tapped = null
  }

  /** An answer is about the picture that was swiped, or it is none. */
  private isSame(): boolean {
    if (this.about === this.acts.picture()) return true
    if (this.pointers.size > 0) this.doing = 'spent'
    this.acts.putBack()
    return false
  }

  private tap(at: Sample): void {
    const before = this.tapped
    const isDouble = before && at.at - before.at <= TWICE_MS && distance(before, at) <= TWICE_PX
    this.tapped = isDouble ? null : at
    if (isDouble) this.acts.toggle(this.fromCentre(at))
  }

  private wheel(event: WheelEvent): void {
    // Neither the page nor its history moves.
    event.preventDefault()
    if (this.isSwiping || event.deltaY === 0) return
    const factor = wheelFactor(event, this.stage.clientHeight)
    this.acts.zoomBy(factor, this.fromCentre({ x: event.clientX, y: event.clientY }))
  }

  private fromCentre({ x, y }: Point): Point {
    const { left, top, width, height } = this.stage.getBoundingClientRect()
    return { x: x - left - width / 2, y: y - top - height / 2 }
  }
}

type Turned = Pick<WheelEvent, 'deltaY' | 'deltaMode' | 'ctrlKey'>

/** How much a turn of the wheel zooms: pixels, lines or pages, as the browser says. */
export function wheelFactor({ deltaY, deltaMode, ctrlKey }: Turned, page: number): number {
  const px = deltaY * ([1, LINE_PX, page][deltaMode] ?? 1)
  // A wheel with Ctrl turns in notches, and is no pinch.
  const rate = ctrlKey && deltaMode === 0 && Math.abs(px) < 50 ? PINCH : WHEEL
  return Math.min(2, Math.max(0.5, Math.exp(-px * rate)))
}

function sample({ clientX, clientY, timeStamp }: PointerEvent): Sample {
  return { x: clientX, y: clientY, at: timeStamp }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
}
