import type { PluginInfo, PluginKind } from '../protocol'
import { chooseNetwork, chooseSelector, state, type Values } from '../session/store'
import { Parameters } from './Parameters'

/** Selector and network, changed while running. */
export function Choices() {
  const { plugins, welcome, replay } = state.value
  if (!plugins || replay) return null
  return (
    <section class="choices">
      <Choice
        kind="selector"
        name="Order"
        chosen={plugins.selector}
        options={plugins.selectors}
        values={plugins.selector_values}
        byHand={plugins.selector_by_hand}
        choose={chooseSelector}
      />
      {welcome?.model && (
        <Choice
          kind="network"
          name="Features"
          chosen={plugins.network}
          options={plugins.networks}
          values={plugins.network_values}
          byHand={plugins.network_by_hand}
          choose={chooseNetwork}
        />
      )}
    </section>
  )
}

interface Props {
  kind: PluginKind
  name: string
  chosen: string
  options: PluginInfo[]
  values: Values
  byHand: Values
  choose: (name: string) => void
}

function Choice({ kind, name, chosen, options, values, byHand, choose }: Props) {
  const info = options.find((option) => option.name === chosen)
  return (
    <div class="choice">
      <label>
        <span>{name}</span>
        <select
          value={chosen}
          onChange={({ currentTarget }) => {
            choose(currentTarget.value)
            // The keys are for answering again.
            currentTarget.blur()
          }}
        >
          {!info && <option value={chosen}>{chosen} (not there)</option>}
          {options.map((option) => (
            <option key={option.name} value={option.name}>
              {option.name}
            </option>
          ))}
        </select>
      </label>
      {info && (
        <small>
          {info.summary} <span class="version">{info.version}</span>
        </small>
      )}
      {info && info.parameters.length > 0 && (
        <Parameters kind={kind} info={info} values={values} byHand={byHand} />
      )}
    </div>
  )
}
