import { useId, useRef } from 'preact/hooks'
import { isOriginal } from '../picture/detail'
import {
  isLightChanged,
  LEAST,
  type Light,
  light,
  MOST,
  resetLight,
  setLight,
} from '../picture/light'
import { pixelScale } from '../picture/view'
import { actual, fit, onStage, view, zoomIn, zoomOut } from '../picture/zoom'
import { percent } from './format'

/** How the picture is looked at: how near, and in what light. */
export function View() {
  return (
    <section class="view">
      <h2>View</h2>
      <div class="zoom">
        <Zoom sign="−" name="Zoom out" act={zoomOut} />
        <Zoom sign="Fit" name="Fit: the whole picture" act={fit} />
        <Zoom sign="1:1" name="1:1, one pixel of the picture on one of the screen" act={actual} />
        <Zoom sign="+" name="Zoom in" act={zoomIn} />
        <output aria-label="Zoom">{zoomText()}</output>
      </div>
      <Slider name="Contrast" of="contrast" />
      <Slider name="Brightness" of="brightness" />
      {isLightChanged.value && (
        <button type="button" class="quiet reset" onClick={resetLight}>
          Reset
        </button>
      )}
    </section>
  )
}

function Zoom({ sign, name, act }: { sign: string; name: string; act: () => void }) {
  return (
    <button
      type="button"
      class="quiet"
      title={name}
      aria-label={name}
      onClick={() => act()}
      disabled={!onStage.value}
    >
      {sign}
    </button>
  )
}

/** Of the original's pixels, or of what fits while these are not known. */
function zoomText(): string {
  const stage = onStage.value
  if (!stage) return '–'
  return isOriginal(stage.detail, stage.picture)
    ? percent(pixelScale(view.value, stage))
    : `${percent(view.value.zoom)} of fit`
}

function Slider({ name, of }: { name: string; of: keyof Light }) {
  const id = useId()
  const byPointer = useRef(false)
  const value = light.value[of]
  const reset = () => setLight({ [of]: 1 })
  return (
    <div class="slider">
      <label for={id} onDblClick={reset}>
        {name}
      </label>
      <output for={id}>{percent(value)}</output>
      <input
        id={id}
        type="range"
        min={LEAST}
        max={MOST}
        step={0.05}
        value={value}
        aria-valuetext={percent(value)}
        title="A double click resets it"
        onInput={({ currentTarget }) => setLight({ [of]: currentTarget.valueAsNumber })}
        onDblClick={reset}
        // After the pointer the keys are for answering again; who uses the keyboard stays here.
        onPointerDown={() => {
          byPointer.current = true
        }}
        onKeyDown={() => {
          byPointer.current = false
        }}
        onChange={({ currentTarget }) => {
          if (byPointer.current) currentTarget.blur()
        }}
        onClick={({ currentTarget }) => currentTarget.blur()}
      />
    </div>
  )
}
