import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const KEY = 'sluice-light'
let kept: Map<string, string>

/** The page anew, with what the browser remembers. */
const load = async () => {
  vi.resetModules()
  return import('./light')
}

beforeEach(() => {
  kept = new Map()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
})

it('is remembered, and reset for good', async () => {
  const page = await load()
  expect([page.filter.value, page.isLightChanged.value]).toEqual(['', false])
  page.setLight({ contrast: 1.5 })
  page.setLight({ brightness: 0.2 })
  const again = await load()
  expect(again.light.value).toEqual({ contrast: 1.5, brightness: 0.2 })
  expect(again.filter.value).toBe('brightness(0.2) contrast(1.5)')
  again.resetLight()
  expect(again.isLightChanged.value).toBe(false)
  expect((await load()).filter.value).toBe('')
})

it('takes nothing from storage that can not be', async () => {
  for (const corrupt of ['', '{', 'null', '7', '[]', '"x"', '{"contrast":"9"}', '{"contrast":9}']) {
    kept.set(KEY, corrupt)
    expect((await load()).light.value).toEqual({ contrast: 1, brightness: 1 })
  }
  kept.set(KEY, '{"contrast":1e999,"brightness":2,"url(x)":1}')
  expect((await load()).light.value).toEqual({ contrast: 1, brightness: 2 })
})

it('takes no value out of range', async () => {
  const { light, setLight } = await load()
  for (const contrast of [0, 0.19, 3.01, Number.NaN, Number.POSITIVE_INFINITY, -1]) {
    setLight({ contrast })
    expect(light.value.contrast).toBe(1)
  }
})

it('works without storage', async () => {
  const no = () => {
    throw new Error('denied')
  }
  vi.stubGlobal('localStorage', { getItem: no, setItem: no })
  const { light, setLight } = await load()
  setLight({ brightness: 2 })
  expect(light.value.brightness).toBe(2)
})
