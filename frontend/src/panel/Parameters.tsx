import type { TargetedEvent, TargetedKeyboardEvent } from 'preact'
import { useId, useState } from 'preact/hooks'
import type { Parameter, PluginInfo, PluginKind, Value } from '../protocol'
import { setParameters, type Values } from '../session/store'
import { inRange, read, text } from './parameters'

interface Props {
  kind: PluginKind
  info: PluginInfo
  values: Values
  byHand: Values
}

/** What can be set on a plugin, and what it is set to. */
export function Parameters({ kind, info, values, byHand }: Props) {
  const set = (name: string, value: Value) => setParameters(kind, info.name, { [name]: value })
  const reset = () => {
    const names = Object.keys(byHand)
    setParameters(kind, info.name, Object.fromEntries(names.map((name) => [name, null])))
  }
  return (
    <details class="parameters">
      <summary>
        Parameters
        {Object.keys(byHand).length > 0 && <span class="changed">changed</span>}
      </summary>
      {info.parameters.map((parameter) => (
        <Field
          key={`${info.name} ${parameter.name}`}
          parameter={parameter}
          value={values[parameter.name] ?? parameter.default}
          set={(value) => set(parameter.name, value)}
        />
      ))}
      {Object.keys(byHand).length > 0 && (
        <button type="button" class="reset" onClick={reset}>
          Reset
        </button>
      )}
    </details>
  )
}

interface FieldProps {
  parameter: Parameter
  value: Value
  set: (value: Value) => void
}

function Field({ parameter, value, set }: FieldProps) {
  const [field, help] = [useId(), useId()]
  // What is being typed stays when the page is drawn anew, which news from the server does at any time.
  const [typed, setTyped] = useState<string | null>(null)
  const changed = (input: HTMLInputElement) => {
    const next = read(parameter, input.type === 'checkbox' ? String(input.checked) : input.value)
    if (next && inRange(parameter, next)) set(next)
    // What can't be is not kept, so that the field shows what is in effect.
    else input.value = text(value)
    input.blur()
  }
  const common = {
    id: field,
    'aria-describedby': help,
    onInput: ({ currentTarget }: TargetedEvent<HTMLInputElement>) => setTyped(currentTarget.value),
    onBlur: () => setTyped(null),
    // Also where nothing was changed: the keys are for answering again.
    onKeyDown: ({ key, currentTarget }: TargetedKeyboardEvent<HTMLInputElement>) => {
      if (key === 'Escape') currentTarget.value = text(value)
      if (key === 'Enter' || key === 'Escape') currentTarget.blur()
    },
    onChange: ({ currentTarget }: TargetedEvent<HTMLInputElement>) => changed(currentTarget),
  }
  const isSwitch = 'boolean' in parameter.default
  return (
    <div class={isSwitch ? 'field switch' : 'field'}>
      <label for={field}>{parameter.name}</label>
      {isSwitch ? (
        <input type="checkbox" checked={text(value) === 'true'} {...common} />
      ) : parameter.choices.length > 0 ? (
        <select
          id={field}
          aria-describedby={help}
          value={text(value)}
          onChange={({ currentTarget }) => {
            set({ text: currentTarget.value })
            currentTarget.blur()
          }}
        >
          {parameter.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : 'text' in parameter.default ? (
        <input type="text" value={typed ?? text(value)} {...common} />
      ) : (
        <input
          type="number"
          value={typed ?? text(value)}
          min={parameter.range?.[0]}
          max={parameter.range?.[1]}
          step={'integer' in parameter.default ? 1 : 'any'}
          {...common}
        />
      )}
      <small id={help}>
        {parameter.help}
        {parameter.range && ` ${parameter.range[0]} to ${parameter.range[1]}.`}
      </small>
    </div>
  )
}
