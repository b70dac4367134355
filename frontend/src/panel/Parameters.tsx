import { useId } from 'preact/hooks'
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
  const set = (name: string, value: Value) =>
    setParameters(kind, info.name, { ...byHand, [name]: value })
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
        <button type="button" class="reset" onClick={() => setParameters(kind, info.name, {})}>
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
  const help = useId()
  const changed = (field: HTMLInputElement) => {
    const next = read(parameter, field.type === 'checkbox' ? String(field.checked) : field.value)
    if (next && inRange(parameter, next)) set(next)
    // What can't be is not kept, so that the field shows what is in effect.
    else field.value = text(value)
    field.blur()
  }
  const isSwitch = 'boolean' in parameter.default
  const isNumber = 'integer' in parameter.default || 'number' in parameter.default
  return (
    <label class={isSwitch ? 'switch' : undefined}>
      <span>{parameter.name}</span>
      <input
        type={isSwitch ? 'checkbox' : isNumber ? 'number' : 'text'}
        value={isSwitch ? undefined : text(value)}
        checked={isSwitch ? text(value) === 'true' : undefined}
        min={parameter.range?.[0]}
        max={parameter.range?.[1]}
        step={'integer' in parameter.default ? 1 : 'any'}
        aria-describedby={help}
        onChange={({ currentTarget }) => changed(currentTarget)}
      />
      <small id={help}>
        {parameter.help}
        {parameter.range && ` ${parameter.range[0]} to ${parameter.range[1]}.`}
      </small>
    </label>
  )
}
