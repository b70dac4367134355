import type { TargetedKeyboardEvent } from 'preact'
import { useId, useState } from 'preact/hooks'
import { type Chosen, fromPercent, inPercent, moved, type Side, stepped, turned } from './chosen'

interface Props {
  chosen: Chosen
  change: (chosen: Chosen) => void
}

const NAMES: Record<Side, [before: string, after: string]> = {
  above: ['Yes from', 'on'],
  below: ['No up to', ''],
}

/** What becomes yes, and what becomes no. */
export function Thresholds({ chosen, change }: Props) {
  return (
    <div class="thresholds">
      <Threshold side="above" chosen={chosen} change={change} />
      <Threshold side="below" chosen={chosen} change={change} />
    </div>
  )
}

/** On or off, and the same place twice: to be moved, and to be written. */
function Threshold({ side, chosen, change }: Props & { side: Side }) {
  const id = useId()
  const { on, at } = chosen[side]
  const [before, after] = NAMES[side]
  const name = `${before} … ${after}`.trim()
  const move = (to: number) => change(moved(chosen, side, to))
  return (
    <fieldset class={`threshold ${side}`}>
      <legend class="unseen">{name}</legend>
      <label>
        <input
          type="checkbox"
          checked={on}
          onChange={({ currentTarget }) => change(turned(chosen, side, currentTarget.checked))}
        />{' '}
        {name}
      </label>
      <Field name={`${before}, in per cent`} at={at} disabled={!on} move={move} />
      <input
        id={id}
        type="range"
        min={0}
        max={100}
        step={0.1}
        value={at * 100}
        disabled={!on}
        aria-label={before}
        aria-valuetext={`${inPercent(at)} %`}
        onInput={({ currentTarget }) => move(stepped(currentTarget.valueAsNumber / 100, 0))}
      />
    </fieldset>
  )
}

interface FieldProps {
  name: string
  at: number
  disabled: boolean
  move: (to: number) => void
}

/** Steps of a tenth, as the slider has them; written may be anything. */
const STEPS: Record<string, number> = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }

function Field({ name, at, disabled, move }: FieldProps) {
  // What is being typed stays as it was typed.
  const [typed, setTyped] = useState<string | null>(null)
  const pressed = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    const steps = STEPS[event.key]
    if (steps === undefined) return
    event.preventDefault()
    setTyped(null)
    move(stepped(at, steps))
  }
  return (
    <span class="written">
      <input
        type="number"
        min={0}
        max={100}
        step="any"
        value={typed ?? inPercent(at)}
        disabled={disabled}
        aria-label={name}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value)
          const to = fromPercent(currentTarget.value)
          if (to !== null) move(to)
        }}
        onKeyDown={pressed}
        onBlur={() => setTyped(null)}
      />{' '}
      %
    </span>
  )
}
