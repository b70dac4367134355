import { auto, toggleAuto } from '../auto/auto'
import { grouped } from '../panel/format'
import { paused } from '../session/attention'
import { expectedCounts } from '../session/state'
import { state } from '../session/store'
import { ConnectionState } from './Connection'
import { nextTheme, type Theme, theme } from './theme'

interface Props {
  panel: boolean
  togglePanel: () => void
  history: boolean
  toggleHistory: () => void
  togglePause: () => void
  toggleHelp: () => void
}

const ICONS: Record<Theme, string> = { system: '◐', dark: '☾', light: '☀\u{fe0e}' }

/** The question, the progress, and what can be switched. */
export function Header(props: Props) {
  const { panel, togglePanel, history, toggleHistory, togglePause, toggleHelp } = props
  const { welcome, statistics, replay } = state.value
  const { positives, negatives, answered } = expectedCounts(state.value)
  const total = (statistics?.images ?? 0) - (statistics?.set_aside ?? 0)
  const share = total > 0 ? Math.min(1, answered / total) : 0
  return (
    <header class="header">
      <h1>{welcome?.question ?? 'Sluice'}</h1>
      <div class="progress">
        <progress max={1} value={share} aria-label="Answered" />
        <p>
          <span data-testid="answered">{grouped(answered)}</span> of {grouped(total)} answered ·{' '}
          <b class="yes">
            <span data-testid="positives">{grouped(positives)}</span> yes
          </b>{' '}
          ·{' '}
          <b class="no">
            <span data-testid="negatives">{grouped(negatives)}</span> no
          </b>
        </p>
      </div>
      <ConnectionState />
      <div class="switches">
        <button
          type="button"
          class="quiet"
          onClick={nextTheme}
          title={`Colours: ${theme.value}`}
          aria-label={`Colours: ${theme.value}; change them`}
        >
          {ICONS[theme.value]}
        </button>
        {!replay && (
          <>
            <button type="button" class="quiet" onClick={togglePause} aria-pressed={paused.value}>
              pause
            </button>
            <button type="button" class="quiet" onClick={toggleAuto} aria-pressed={auto.value}>
              auto
            </button>
          </>
        )}
        <button type="button" class="quiet" onClick={toggleHistory} aria-pressed={history}>
          history
        </button>
        <button type="button" class="quiet" onClick={togglePanel} aria-pressed={panel}>
          panel
        </button>
        <button type="button" class="quiet" onClick={toggleHelp} aria-label="Keys">
          ?
        </button>
      </div>
    </header>
  )
}
