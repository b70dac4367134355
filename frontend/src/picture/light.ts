// Contrast and brightness of the picture on the screen, for the eye only; remembered in this browser.

import { computed, signal } from '@preact/signals'
import { remember, remembered } from '../memory'

export interface Light {
  /** 1: as it is. */
  contrast: number
  brightness: number
}

export const LEAST = 0.2
export const MOST = 3
const KEY = 'sluice-light'
const AS_IT_IS: Light = { contrast: 1, brightness: 1 }

export const light = signal<Light>(kept())

export const isLightChanged = computed(
  () => light.value.contrast !== 1 || light.value.brightness !== 1,
)

/** As CSS says it; nothing where nothing is changed, which draws faster. */
export const filter = computed(() => {
  const { contrast, brightness } = light.value
  return isLightChanged.value ? `brightness(${brightness}) contrast(${contrast})` : ''
})

/** Changes what is said; a value that can't be counts as none. */
export function setLight(change: Partial<Light>): void {
  light.value = valid({ ...light.value, ...change })
  remember(KEY, JSON.stringify(light.value))
}

export function resetLight(): void {
  setLight(AS_IT_IS)
}

function kept(): Light {
  try {
    return valid(JSON.parse(remembered(KEY) ?? 'null'))
  } catch {
    return AS_IT_IS
  }
}

/** Whatever was kept, each value is one that can be. */
function valid(value: unknown): Light {
  const known: { contrast?: unknown; brightness?: unknown } = Object(value)
  return { contrast: inRange(known.contrast), brightness: inRange(known.brightness) }
}

function inRange(value: unknown): number {
  return typeof value === 'number' && value >= LEAST && value <= MOST ? value : 1
}
