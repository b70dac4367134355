// Dark, light, or what the system says; remembered in this browser.

import { computed, signal } from '@preact/signals'
import { remember, remembered } from '../memory'

const THEMES = ['system', 'dark', 'light'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'sluice-theme'

export const theme = signal<Theme>(atFirst())

function atFirst(): Theme {
  const kept = remembered(KEY)
  return THEMES.find((known) => known === kept) ?? 'system'
}

/** Shows the theme; called once at the start. */
export function applyTheme(): void {
  theme.subscribe((chosen) => {
    document.documentElement.dataset.theme = chosen
    remember(KEY, chosen)
  })
}

export function nextTheme(): void {
  const at = THEMES.indexOf(theme.value)
  theme.value = THEMES[(at + 1) % THEMES.length] ?? 'system'
}

const system = matchMedia('(prefers-color-scheme: dark)')
const isSystemDark = signal(system.matches)
system.addEventListener('change', ({ matches }) => {
  isSystemDark.value = matches
})

/** Whether dark is what is shown. */
export const isDark = computed(() =>
  theme.value === 'system' ? isSystemDark.value : theme.value === 'dark',
)
