// Which part of the picture is seen. Pure: sizes come in, a view comes out. Lengths are CSS pixels of
// the stage; points are counted from its centre.

export interface Size {
  width: number
  height: number
}

export interface Point {
  x: number
  y: number
}

export interface View {
  /** 1: as large as the stage allows. */
  zoom: number
  /** How far the picture's centre is from the stage's. */
  x: number
  y: number
}

export interface Sizes {
  /** Pixels of the picture. */
  picture: Size
  stage: Size
  /** Device pixels in a CSS pixel. */
  dpr: number
}

export const FIT: View = { zoom: 1, x: 0, y: 0 }
export const CENTRE: Point = { x: 0, y: 0 }
/** What a key or a button zooms by. */
export const STEP = 1.25
/** It can be zoomed in so far at least. */
const FAR = 32
/** And until a pixel of the picture covers so many of the screen. */
const LARGEST_PIXEL = 32

/** CSS pixels that a pixel of the picture covers at fit. Small pictures fill the stage too. */
export function fitScale(picture: Size, stage: Size): number {
  return Math.min(stage.width / picture.width, stage.height / picture.height)
}

/** Device pixels that a pixel of the picture covers. */
export function pixelScale({ zoom }: View, { picture, stage, dpr }: Sizes): number {
  return zoom * fitScale(picture, stage) * dpr
}

/** Zooms; what is under the point stays under it, as far as the picture reaches. */
export function zoomAt(view: View, factor: number, point: Point, sizes: Sizes): View {
  const zoom = withinLimits(view.zoom * factor, sizes)
  const ratio = zoom / view.zoom
  const x = point.x - (point.x - view.x) * ratio
  const y = point.y - (point.y - view.y) * ratio
  return clamp({ zoom, x, y }, sizes)
}

export function pan(view: View, dx: number, dy: number, sizes: Sizes): View {
  return clamp({ ...view, x: view.x + dx, y: view.y + dy }, sizes)
}

/** One pixel of the picture on one device pixel. */
export function actualSize(view: View, sizes: Sizes, point: Point = CENTRE): View {
  return zoomAt(view, 1 / pixelScale(view, sizes), point, sizes)
}

/**
 * Where the picture's centre is drawn, on a stage whose corner is there on the page. At actual size its
 * pixels lie on those of the screen, or they would be smeared over two.
 */
export function drawnAt(view: View, sizes: Sizes, corner: Point): Point {
  if (Math.abs(pixelScale(view, sizes) - 1) > 1e-6) return view
  const { picture, stage, dpr } = sizes
  const onPixel = (offset: number, pixels: number, room: number, from: number) => {
    const edge = (from + room / 2 + offset) * dpr - pixels / 2
    return offset + (Math.round(edge) - edge) / dpr
  }
  return {
    x: onPixel(view.x, picture.width, stage.width, corner.x),
    y: onPixel(view.y, picture.height, stage.height, corner.y),
  }
}

/** The nearest view in which the picture does not leave the stage. */
export function clamp(view: View, sizes: Sizes): View {
  const zoom = withinLimits(view.zoom, sizes)
  const scale = zoom * fitScale(sizes.picture, sizes.stage)
  const { picture, stage } = sizes
  const x = withinReach(view.x, picture.width * scale - stage.width)
  const y = withinReach(view.y, picture.height * scale - stage.height)
  return { zoom, x, y }
}

/** What of the picture lies outside the stage can be brought in from either side, and no more. */
function withinReach(offset: number, outside: number): number {
  const reach = Math.max(0, outside / 2)
  // Not -0, which is another number to those who compare.
  return Math.min(reach, Math.max(-reach, offset)) + 0
}

function withinLimits(zoom: number, sizes: Sizes): number {
  const actual = 1 / pixelScale(FIT, sizes)
  const [least, most] = [Math.min(1, actual), Math.max(FAR, LARGEST_PIXEL * actual)]
  return Math.min(most, Math.max(least, zoom))
}
