// The place of the picture on the page: puts pictures into it, draws the view and what a finger does,
// and brings more detail when it is needed.

import { effect, signal } from '@preact/signals'
import type { Answer, ImageId } from '../protocol'
import { type Detail, isOriginal, longerSide } from './detail'
import { Gestures } from './gestures'
import { filter } from './light'
import { Sharper } from './sharper'
import { whenShown } from './shown'
import type { Swipe } from './swipe'
import { CENTRE, drawnAt, fitScale, pixelScale, type Size } from './view'
import {
  clearStage,
  giveUp,
  isFit,
  missingDetail,
  onStage,
  panBy,
  takeStage,
  toggle,
  view,
  zoomBy,
} from './zoom'

/** A picture whose longer side is at most this is drawn with crisp pixels at any size. */
const TINY_PIXELS = 128
/** Any picture is, when its pixels are so large, device pixels. */
const CRISP_PIXEL = 3
/** How far a picture turns that was swiped over the whole stage. */
const TURN_DEGREES = 10

/** Whether a finger has moved the picture: the clock should not take it away. */
export const swiping = signal(false)

export interface Surroundings {
  addressOf(image: ImageId, detail: Detail): string
  /** The picture that an answer would be about. */
  current(): ImageId | null
  /** What was on the screen is not any more. */
  gone(): void
  /** It stands in its place, to be drawn in this very frame; null: what stands there is not loaded. */
  placed(image: ImageId | null): void
  /** It is really on the screen. */
  shown(image: ImageId): void
  answer(said: Answer): void
}

export class Stage {
  private image: ImageId | null = null
  /** The element that was fetched beforehand. */
  private ahead: HTMLImageElement | null = null
  /** What is in place, and what it came as. */
  private placed: { element: HTMLImageElement; detail: Detail } | null = null
  /** More detail that waits for the end of a swipe. */
  private waiting: (() => void) | null = null
  /** Where the layer begins on the page, and its size; none until it is looked up, which costs a layout. */
  private corner = CENTRE
  private room: Size | null = null
  private callOff = () => {}
  private readonly gestures: Gestures
  private readonly sharper: Sharper
  private readonly resized: ResizeObserver
  private readonly effects: (() => void)[]

  /** `place` takes the pointers, `layer` in it holds the picture and is moved. */
  constructor(
    private readonly place: HTMLElement,
    private readonly layer: HTMLElement,
    private readonly around: Surroundings,
  ) {
    this.gestures = new Gestures(place, {
      zoomBy,
      panBy,
      toggle,
      isFit,
      picture: () => (around.current() === this.image ? this.image : null),
      follow: (swipe) => {
        swiping.value = true
        this.follow(swipe)
      },
      springBack: () => this.putBack(true),
      putBack: () => this.putBack(false),
      answer: (said) => around.answer(said),
    })
    this.sharper = new Sharper(around.addressOf, {
      arrived: (element, detail) => {
        const put = () => this.put(element, detail)
        if (this.gestures.isSwiping) this.waiting = put
        else put()
      },
      failed: giveUp,
    })
    this.resized = new ResizeObserver(() => {
      this.room = null
      this.measure()
    })
    this.resized.observe(layer)
    this.effects = [
      effect(() => this.draw()),
      effect(() => {
        const detail = missingDetail()
        if (detail && this.image !== null) this.sharper.want(this.image, detail)
      }),
    ]
  }

  end(): void {
    for (const stop of this.effects) stop()
    this.resized.disconnect()
    this.gestures.end()
    this.sharper.drop()
    this.callOff()
    this.around.placed(null)
    this.around.gone()
    swiping.value = false
    clearStage()
  }

  /** Puts a picture in place, in this very frame. */
  show(image: ImageId, element: HTMLImageElement, detail: Detail): void {
    // Perhaps in more detail by now.
    if (image === this.image && element === this.ahead) return
    this.sharper.drop()
    this.gestures.drop()
    this.waiting = null
    this.putBack(false)
    this.callOff()
    clearStage()
    this.around.gone()
    this.image = image
    this.ahead = element
    this.put(element, detail)
    this.around.placed(element.complete ? image : null)
    this.place.classList.toggle('loading', !element.complete)
    if (!element.complete) {
      const isStill = () => this.image === image && this.ahead === element
      const loaded = () => isStill() && this.measure()
      element.addEventListener('load', loaded, { once: true })
      const decoded = () => {
        if (!isStill()) return
        this.place.classList.remove('loading')
        this.around.placed(image)
      }
      // Loaded is not enough to be seen. That it failed is told by its `onerror`.
      element.decode().then(decoded, () => {})
    }
    this.callOff = whenShown(element, () => this.around.shown(image))
  }

  private put(element: HTMLImageElement, detail: Detail): void {
    this.placed = { element, detail }
    this.layer.replaceChildren(element)
    this.measure()
  }

  /** What is in place, and how much room it has. */
  private measure(): void {
    if (!this.placed?.element.complete) return
    const { element, detail } = this.placed
    this.room ??= this.lookRound()
    takeStage({
      picture: { width: element.naturalWidth, height: element.naturalHeight },
      stage: this.room,
      dpr: devicePixelRatio,
      detail,
    })
  }

  private lookRound(): Size {
    // With its fractions, which `clientWidth` has not; untransformed, which its box is not.
    const layer = getComputedStyle(this.layer)
    const place = this.place.getBoundingClientRect()
    this.corner = {
      x: place.x + Number.parseFloat(layer.left),
      y: place.y + Number.parseFloat(layer.top),
    }
    return { width: Number.parseFloat(layer.width), height: Number.parseFloat(layer.height) }
  }

  private draw(): void {
    const { zoom } = view.value
    const stage = onStage.value
    const { x, y } = stage ? drawnAt(view.value, stage, this.corner) : view.value
    const { style, classList } = this.layer
    // Until it is loaded it has all the room.
    const scale = stage ? fitScale(stage.picture, stage.stage) : 0
    style.setProperty('--width', stage ? `${stage.picture.width * scale}px` : '100%')
    style.setProperty('--height', stage ? `${stage.picture.height * scale}px` : '100%')
    style.setProperty('--x', `${x}px`)
    style.setProperty('--y', `${y}px`)
    style.setProperty('--zoom', String(zoom))
    style.filter = filter.value
    classList.toggle('crisp', isCrisp())
    classList.remove('settling')
    this.place.classList.toggle('zoomed', !isFit())
  }

  private follow({ x, y, said, share }: Swipe): void {
    const { style, classList } = this.layer
    classList.remove('settling')
    style.setProperty('--swipe-x', `${x}px`)
    style.setProperty('--swipe-y', `${y}px`)
    // Where nothing is swiped, no width is asked for: it would cost a layout for every picture.
    const turn = x === 0 ? 0 : (x / this.place.clientWidth) * TURN_DEGREES
    style.setProperty('--turn', `${turn}deg`)
    this.place.style.setProperty('--share', String(share))
    if (said) this.place.dataset.swipe = said
    else delete this.place.dataset.swipe
  }

  private putBack(slowly: boolean): void {
    this.follow({ x: 0, y: 0, said: null, share: 0 })
    this.layer.classList.toggle('settling', slowly)
    swiping.value = false
    // What waited comes when the finger is off.
    const { waiting } = this
    this.waiting = null
    waiting?.()
  }
}

/** Whether single pixels are to be seen: those of the picture, not of a reduced version. */
function isCrisp(): boolean {
  const stage = onStage.value
  if (!stage || !isOriginal(stage.detail, stage.picture)) return false
  return longerSide(stage.picture) <= TINY_PIXELS || pixelScale(view.value, stage) >= CRISP_PIXEL
}
