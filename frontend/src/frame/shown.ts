import { useCallback, useEffect, useState } from 'preact/hooks'
import { remember, remembered } from '../memory'

/** Whether a part of the page is shown, remembered in this browser, and what shows or hides it. */
export function useShown(part: string, atFirst: boolean): [boolean, () => void] {
  const key = `sluice-${part}`
  const [shown, setShown] = useState(() => {
    const kept = remembered(key)
    return kept === null ? atFirst : kept === 'shown'
  })
  useEffect(() => remember(key, shown ? 'shown' : 'hidden'), [key, shown])
  const toggle = useCallback(() => setShown((now) => !now), [])
  return [shown, toggle]
}
