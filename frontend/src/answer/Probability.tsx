import { state } from '../session/store'

/** What the model thinks of the picture on the screen. */
export function Probability() {
  const { current, welcome } = state.value
  // Without a model nobody thinks anything.
  if (welcome && !welcome.model) return null
  const p = current?.probability ?? null
  const unknown = current && !current.was ? 'not scored yet' : '–'
  const text = p === null ? unknown : `${(p * 100).toFixed(p < 0.1 || p > 0.9 ? 1 : 0)} % yes`
  return (
    <div
      class="probability"
      title="What the model thinks of this image. It learned from your answers, which were not drawn by chance: read it as its opinion, not as a frequency."
    >
      <div class="scale" aria-hidden="true">
        {p !== null && <div class="mark" style={{ left: `${p * 100}%` }} />}
      </div>
      <span data-testid="probability">{text}</span>
    </div>
  )
}
