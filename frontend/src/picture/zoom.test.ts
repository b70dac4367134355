import { beforeEach, expect, it } from 'vitest'
import {
  actual,
  clearStage,
  giveUp,
  missingDetail,
  type OnStage,
  onStage,
  panBy,
  takeStage,
  fit as toFit,
  toggle,
  view,
  zoomBy,
  zoomIn,
  zoomOut,
} from './zoom'

const reduced: OnStage = {
  picture: { width: 2048, height: 1536 },
  stage: { width: 800, height: 600 },
  dpr: 1,
  detail: 2048,
}
const original: OnStage = { ...reduced, picture: { width: 8000, height: 6000 }, detail: 'original' }

beforeEach(() => {
  clearStage()
  toFit()
})

it('keeps the zoom from picture to picture, and centres the next', () => {
  takeStage(original)
  zoomBy(4)
  panBy(100, 50)
  clearStage()
  expect(view.value).toEqual({ zoom: 4, x: 0, y: 0 })
  takeStage({ ...original, picture: { width: 500, height: 900 } })
  expect(view.value).toEqual({ zoom: 4, x: 0, y: 0 })
  toFit()
  expect(view.value).toEqual({ zoom: 1, x: 0, y: 0 })
})

it('keeps the view when the picture comes in more detail', () => {
  takeStage(reduced)
  zoomBy(4)
  panBy(100, 50)
  const before = view.value
  takeStage(original)
  expect(view.value).toEqual(before)
})

it('asks for more detail only of a picture that is zoomed in so far', () => {
  takeStage({ ...reduced, dpr: 3 })
  expect(missingDetail()).toBeNull()
  zoomBy(1.1)
  expect(missingDetail()).toBe(3072)
  zoomBy(4)
  expect(missingDetail()).toBe('original')
  takeStage(original)
  expect(missingDetail()).toBeNull()
})

it('waits for the original before it shows it at its size', () => {
  takeStage(reduced)
  actual({ x: 10, y: 20 })
  expect([view.value.zoom, missingDetail()]).toEqual([1, 'original'])
  takeStage({ ...reduced, stage: { width: 400, height: 300 } })
  expect(missingDetail()).toBe('original')
  takeStage(original)
  expect(view.value.zoom).toBe(10)
})

it('forgets that actual size was asked for once anything else is', () => {
  for (const other of [toFit, zoomIn, giveUp, () => toggle({ x: 0, y: 0 }), clearStage]) {
    toFit()
    takeStage(reduced)
    actual()
    other()
    takeStage(original)
    expect(view.value.zoom).toBeLessThan(2)
  }
})

it('toggles between fit and actual size, from anywhere', () => {
  takeStage(original)
  toggle({ x: 0, y: 0 })
  expect(view.value.zoom).toBe(10)
  toggle({ x: 0, y: 0 })
  expect(view.value.zoom).toBe(1)
  zoomIn()
  toggle({ x: 0, y: 0 })
  expect(view.value.zoom).toBe(1)
  takeStage({ ...original, picture: { width: 80, height: 60 } })
  toggle({ x: 0, y: 0 })
  expect(view.value.zoom).toBe(0.1)
})

it('does nothing to a stage without a picture', () => {
  for (const deed of [zoomIn, zoomOut, actual, () => panBy(9, 9)]) deed()
  expect(view.value).toEqual({ zoom: 1, x: 0, y: 0 })
  takeStage({ ...original, picture: { width: 0, height: 0 } })
  expect(onStage.value).toBeNull()
})
