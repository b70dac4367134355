import type { PluginInfo } from '../protocol'
import { chooseNetwork, chooseSelector, state } from '../session/store'

/** Selector and network, changed while running. */
export function Choices() {
  const { plugins, welcome } = state.value
  if (!plugins) return null
  return (
    <section class="choices">
      <Choice
        name="Order"
        chosen={plugins.selector}
        options={plugins.selectors}
        choose={chooseSelector}
      />
      {welcome?.model && (
        <Choice
          name="Features"
          chosen={plugins.network}
          none="patches of the pool, no weights"
          options={plugins.networks}
          choose={chooseNetwork}
        />
      )}
    </section>
  )
}

interface Props {
  name: string
  chosen: string
  /** What it means that nothing is chosen. */
  none?: string
  options: PluginInfo[]
  choose: (name: string) => void
}

function Choice({ name, chosen, none, options, choose }: Props) {
  const summary = options.find((option) => option.name === chosen)?.summary ?? none
  return (
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
        {none && chosen === '' && <option value="">{none}</option>}
        {options.map((option) => (
          <option key={option.name} value={option.name}>
            {option.name}
          </option>
        ))}
      </select>
      <small>{summary}</small>
    </label>
  )
}
