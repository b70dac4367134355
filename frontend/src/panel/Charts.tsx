import { computed, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useShown } from '../frame/shown'
import { state } from '../session/store'

// Each is told only when it changes: a key that answers draws no chart anew.
const charts = computed(() => state.value.charts)
const hasModel = computed(() => state.value.welcome?.model ?? false)
const images = computed(() => {
  const { statistics } = state.value
  return statistics ? statistics.images - statistics.set_aside : 0
})
/** There is something to draw, and somebody to fetch from what draws it. */
const canDraw = computed(
  () => state.value.connection === 'open' && (state.value.charts?.looks.length ?? 0) > 0,
)

/** What draws them; none until it is there. */
const drawn = signal<typeof import('./charts/Drawn').Drawn | null>(null)

/** The chart that is always to be seen. */
export function Discovery() {
  useEffect(() => {
    if (canDraw.value && !drawn.peek()) fetchDrawn()
  }, [canDraw.value])
  return (
    <section class="discovery">
      <h2>Positives found</h2>
      <Place of="first" />
    </section>
  )
}

/** Those that are folded away at first. */
export function Groups() {
  return (
    <>
      {hasModel.value && <Group of="learning" name="Learning" />}
      <Group of="pace" name="Pace" />
    </>
  )
}

/** Nothing is drawn of what is closed. */
function Group({ of, name }: { of: 'learning' | 'pace'; name: string }) {
  const [shown, toggle] = useShown(`charts-${of}`, false)
  return (
    <details
      class="group"
      open={shown}
      onToggle={({ currentTarget }) => currentTarget.open !== shown && toggle()}
    >
      <summary>
        <h2>{name}</h2>
      </summary>
      {shown && <Place of={of} />}
    </details>
  )
}

function Place({ of }: { of: 'first' | 'learning' | 'pace' }) {
  const Drawn = drawn.value
  if (Drawn && charts.value) return <Drawn of={of} charts={charts.value} images={images.value} />
  const isEmpty = charts.value?.looks.length === 0
  return <p class="help">{isEmpty ? 'The charts begin with the first answer.' : 'One moment …'}</p>
}

/** If it can't be fetched, the next connection tries again. */
function fetchDrawn(): void {
  import('./charts/Drawn').then(
    (fetched) => {
      drawn.value = fetched.Drawn
    },
    () => {},
  )
}
