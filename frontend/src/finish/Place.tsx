import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { CurvePoint } from '../protocol'

interface Props {
  curve: CurvePoint[]
  /** Images that become yes; none while nobody knows. */
  mark: number | null
}

/** What draws it, with the library that draws the other charts; none until it is there. */
const drawn = signal<typeof import('./Curve').Curve | null>(null)

/** Where the curve is drawn. What it says stands in words beside it, also if this can't be fetched. */
export function Place({ curve, mark }: Props) {
  useEffect(() => {
    if (!drawn.peek()) fetchDrawn()
  }, [])
  const Curve = drawn.value
  return (
    <section class="curve">
      <h3>Right and found</h3>
      {Curve ? <Curve curve={curve} mark={mark} /> : <p class="help">One moment …</p>}
    </section>
  )
}

function fetchDrawn(): void {
  import('./Curve').then(
    (fetched) => {
      drawn.value = fetched.Curve
    },
    () => {},
  )
}
