import { useEffect, useState } from 'preact/hooks'
import { Buttons } from './answer/Buttons'
import { Correcting } from './answer/Correcting'
import { Probability } from './answer/Probability'
import { auto, goFaster, goSlower, toggleAuto } from './auto/auto'
import { Ring } from './auto/Ring'
import { FinishDialogue } from './finish/Door'
import { Away, Unreachable } from './frame/Connection'
import { Empty } from './frame/Empty'
import { FirstVisit, isFirstVisit } from './frame/FirstVisit'
import { Header } from './frame/Header'
import { Notices } from './frame/Notices'
import { Paused } from './frame/Paused'
import { useShown } from './frame/shown'
import { Strip } from './history/Strip'
import type { Deed } from './keys/bindings'
import { Keys } from './keys/Keys'
import { listen } from './keys/listen'
import { Panel } from './panel/Panel'
import { Picture } from './picture/Picture'
import { actual, fit as showWhole, zoomIn, zoomOut } from './picture/zoom'
import type { HistoryFilter } from './protocol'
import { Given, ReplayBar } from './replay/Door'
import { isAsEver, wishOf } from './replay/deeds'
import { covered, paused } from './session/attention'
import { never } from './session/state'
import {
  answer,
  closeFinish,
  lookAgain,
  openFinish,
  redo,
  replay,
  say,
  state,
  swiped,
  undo,
  wantHistory,
} from './session/store'

/** In a narrower window the picture has the page to itself at first. */
const NARROW_PX = 832

export function App() {
  const [panel, togglePanel] = useShown('panel', innerWidth > NARROW_PX)
  const [history, toggleHistory] = useShown('history', false)
  const [filter, setFilter] = useState<HistoryFilter>('all')
  const [help, setHelp] = useState(false)
  const [first, setFirst] = useState(isFirstVisit)

  const { finishing, welcome, said } = state.value

  useEffect(() => {
    covered.value = help || first || finishing
  }, [help, first, finishing])
  useEffect(() => {
    // Who opens it again begins with all answers.
    if (!history) setFilter('all')
  }, [history])

  useEffect(() => {
    const act = (deed: Deed) => {
      const played = state.peek().replay
      if (played && !isAsEver(deed)) {
        const wish = played.at && wishOf(deed, played.at)
        return wish ? replay(wish) : undefined
      }
      switch (deed) {
        case 'positive':
        case 'negative':
        case 'skip':
          return answer(deed)
        case 'undo':
          return undo()
        case 'redo':
          return redo()
        case 'pause':
          return auto.value ? answer('positive') : pause()
        case 'auto':
          return toggleAuto()
        case 'slower':
          return goSlower()
        case 'faster':
          return goFaster()
        case 'zoomIn':
          return zoomIn()
        case 'zoomOut':
          return zoomOut()
        case 'fit':
          return showWhole()
        case 'actual':
          return actual()
        case 'history':
          return toggleHistory()
        case 'panel':
          return togglePanel()
        case 'finish':
          return state.peek().finishing ? closeFinish() : openFinish()
        case 'help':
          return setHelp((shown) => !shown)
        case 'back':
        case 'on':
          return
        default:
          return never(deed)
      }
    }
    return listen(act)
  }, [])

  /** What the model has labelled, to be looked at again. */
  const check = () => {
    closeFinish()
    setFilter('model')
    if (!history) toggleHistory()
  }
  return (
    <div class={panel ? 'page with-panel' : 'page'}>
      <Header
        panel={panel}
        togglePanel={togglePanel}
        history={history}
        toggleHistory={toggleHistory}
        togglePause={pause}
        toggleHelp={() => setHelp(!help)}
      />
      <main class="stage">
        {welcome ? <Picture session={welcome.session} answer={swiped} /> : <Empty />}
        <Unreachable />
        <Paused />
        <div class="over">
          <Ring />
          <Away />
          <Correcting />
          <Given />
        </div>
        <Notices />
      </main>
      {history && welcome && (
        <Strip
          history={state.value.history}
          session={welcome.session}
          current={state.value.current?.image ?? null}
          filter={filter}
          choose={setFilter}
          want={wantHistory}
          look={welcome.replay ? ({ seq }) => replay({ seek: seq - 1 }) : lookAgain}
          act={welcome.replay ? 'Go to this answer' : undefined}
        />
      )}
      <footer class="footer">
        <ReplayBar />
        <Probability />
        <Buttons />
      </footer>
      {panel && <Panel />}
      {help && <Keys close={() => setHelp(false)} />}
      <FinishDialogue check={check} />
      {first && welcome && !welcome.replay && <FirstVisit close={() => setFirst(false)} />}
      <p class="unseen" aria-live="polite">
        {said}
      </p>
    </div>
  )
}

function pause(): void {
  paused.value = !paused.value
  say(paused.value ? 'Paused: the time stands, and no key answers.' : 'Going on.')
}
