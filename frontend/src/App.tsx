import { useEffect, useState } from 'preact/hooks'
import { Buttons } from './answer/Buttons'
import { Probability } from './answer/Probability'
import { Empty } from './frame/Empty'
import { Header } from './frame/Header'
import { Help } from './frame/Help'
import { Notices } from './frame/Notices'
import type { Deed } from './keys/bindings'
import { listen } from './keys/listen'
import { Panel } from './panel/Panel'
import { Picture } from './picture/Picture'
import { never } from './session/state'
import { answer, redo, state, undo } from './session/store'

const PANEL_KEY = 'sluice-panel'

export function App() {
  const [panel, setPanel] = useState(localStorage.getItem(PANEL_KEY) !== 'hidden')
  const [help, setHelp] = useState(false)

  useEffect(() => localStorage.setItem(PANEL_KEY, panel ? 'shown' : 'hidden'), [panel])
  useEffect(() => {
    const act = (deed: Deed) => {
      switch (deed) {
        case 'positive':
        case 'negative':
        case 'skip':
          return answer(deed)
        case 'undo':
          return undo()
        case 'redo':
          return redo()
        case 'panel':
          return setPanel((shown) => !shown)
        case 'help':
          return setHelp((shown) => !shown)
        default:
          return never(deed)
      }
    }
    return listen(act)
  }, [])

  const { welcome, said } = state.value
  return (
    <div class={panel ? 'page with-panel' : 'page'}>
      <Header
        panel={panel}
        togglePanel={() => setPanel(!panel)}
        toggleHelp={() => setHelp(!help)}
      />
      <main class="stage">
        {welcome ? <Picture session={welcome.session} /> : <Empty />}
        <Notices />
      </main>
      <footer class="footer">
        <Probability />
        <Buttons />
      </footer>
      {panel && <Panel />}
      {help && <Help close={() => setHelp(false)} />}
      <p class="unseen" aria-live="polite">
        {said}
      </p>
    </div>
  )
}
