import { expect, it } from 'vitest'
import {
  actualSize,
  CENTRE,
  clamp,
  drawnAt,
  FIT,
  fitScale,
  type Point,
  pan,
  pixelScale,
  type Sizes,
  type View,
  zoomAt,
} from './view'

const stage = { width: 800, height: 600 }
const large: Sizes = { picture: { width: 4000, height: 3000 }, stage, dpr: 1 }
const wide: Sizes = { picture: { width: 4000, height: 1000 }, stage, dpr: 2 }
const tiny: Sizes = { picture: { width: 24, height: 24 }, stage, dpr: 1 }
const all = [large, wide, tiny]

/** What of the picture is under a point of the stage, in CSS pixels of the picture at fit. */
const under = (point: Point, { zoom, x, y }: View) => [(point.x - x) / zoom, (point.y - y) / zoom]

/** The picture's edges, as far as they are inside the stage although it is larger than that. */
const gaps = ({ zoom, x, y }: View, { picture, stage }: Sizes) => {
  const scale = zoom * fitScale(picture, stage)
  const gap = (length: number, room: number, offset: number) =>
    length <= room ? Math.abs(offset) : Math.max(0, Math.abs(offset) - (length - room) / 2)
  return gap(picture.width * scale, stage.width, x) + gap(picture.height * scale, stage.height, y)
}

it('fits a picture of any size into the stage', () => {
  expect(all.map(({ picture }) => fitScale(picture, stage))).toEqual([0.2, 0.2, 25])
})

it('keeps what is under the pointer there, in and out', () => {
  const start = zoomAt(FIT, 8, CENTRE, large)
  for (const point of [CENTRE, { x: 130, y: -70 }, { x: -399, y: 299 }]) {
    for (const factor of [1.25, 3, 0.8]) {
      const after = under(point, zoomAt(start, factor, point, large))
      under(point, start).forEach((at, axis) => {
        expect(after[axis]).toBeCloseTo(at, 9)
      })
    }
  }
})

it('never lets the picture leave the stage, whatever is done', () => {
  for (const sizes of all) {
    let view = FIT
    for (let step = 0; step < 400; step++) {
      const [a, b] = [Math.sin(step * 12.9) * 900, Math.cos(step * 7.3) * 900]
      view = step % 2 ? pan(view, a, b, sizes) : zoomAt(view, 2 ** (a / 400), { x: b, y: a }, sizes)
      expect(gaps(view, sizes)).toBeCloseTo(0, 6)
    }
  }
})

it('centres a picture in the direction in which it is smaller than the stage', () => {
  const view = pan({ zoom: 2, x: 0, y: 0 }, 1e6, 1e6, wide)
  expect(view).toEqual({ zoom: 2, x: 400, y: 0 })
  expect(pan(FIT, 5, -5, large)).toEqual(FIT)
})

it('zooms no further than the limits', () => {
  expect(zoomAt(FIT, 0.1, CENTRE, large).zoom).toBe(1)
  // A pixel of the picture at 32 pixels of the screen.
  expect(zoomAt(FIT, 1e9, CENTRE, large).zoom).toBe(160)
  expect(zoomAt(FIT, 1e9, CENTRE, wide).zoom).toBe(80)
  expect(zoomAt(FIT, 1e9, CENTRE, tiny).zoom).toBe(32)
})

it('shows a pixel of the picture on one of the screen, also below fit', () => {
  for (const sizes of all) {
    for (const start of [FIT, zoomAt(FIT, 9, { x: 90, y: 9 }, sizes)])
      expect(pixelScale(actualSize(start, sizes), sizes)).toBeCloseTo(1, 9)
  }
  expect(actualSize(FIT, tiny)).toEqual({ zoom: 1 / 25, x: 0, y: 0 })
  expect(zoomAt(actualSize(FIT, tiny), 0.5, CENTRE, tiny).zoom).toBe(1 / 25)
})

it('brings the point that was asked for to actual size', () => {
  const point = { x: 100, y: 40 }
  const view = actualSize(FIT, large, point)
  expect(under(point, view)).toEqual([100, 40])
})

it('draws pixels on pixels at actual size, and leaves all other views alone', () => {
  const odd = { ...large, stage: { width: 801, height: 600.4 }, dpr: 1.5 }
  const view = pan(actualSize(FIT, odd), 33.3, -7.1, odd)
  const { x, y } = drawnAt(view, odd, { x: 12, y: 52.3 })
  for (const edge of [(412.5 + x) * 1.5 - 2000, (352.5 + y) * 1.5 - 1500])
    expect(Math.abs(edge - Math.round(edge))).toBeLessThan(1e-9)
  expect(Math.hypot(x - view.x, y - view.y)).toBeLessThan(1)
  expect(drawnAt({ zoom: 2, x: 0.3, y: 0.3 }, odd, CENTRE)).toEqual({ zoom: 2, x: 0.3, y: 0.3 })
})

it('clamps a view that another picture or stage makes impossible', () => {
  expect(clamp({ zoom: 0.04, x: 3, y: 3 }, large)).toEqual(FIT)
  expect(clamp({ zoom: 2, x: 1e9, y: -1e9 }, large)).toEqual({ zoom: 2, x: 400, y: -300 })
  // A stage that is not laid out yet.
  expect(clamp(FIT, { ...large, stage: { width: 0, height: 0 } })).toEqual(FIT)
})
