import { useEffect, useRef, useState } from 'preact/hooks'
import type { QueueItem, Thresholds, Finish as Told, Welcome } from '../protocol'
import { isUnderWay } from '../session/step'
import { askFinish, closeFinish, lookAt, state } from '../session/store'
import '../style/finish.css'
import { type Asked, about, askAt } from './asked'
import { type Chosen, chosenOf, thresholdsOf, wrong } from './chosen'
import { Edges } from './Edges'
import { Label } from './Label'
import { Outcome } from './Outcome'
import { Place } from './Place'
import { Steps } from './Steps'
import { Thresholds as Sliders } from './Thresholds'
import { becomes, promises, TOO_FEW } from './words'

interface Props {
  welcome: Welcome
  /** Shows what the model has labelled, the least sure first. */
  check: () => void
}

/** The model labels the rest, as one step; and the steps so far, to be taken back. */
export function Finish({ welcome, check }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    // What comes first is not there yet, and the button that closes it is no place to begin.
    title.current?.focus()
    // A dialogue that is taken away while it is open gives no focus back.
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const { finish } = state.value
  const name = welcome.model ? 'Let the model label the rest' : 'Imported labels'
  return (
    <dialog ref={dialog} class="finish" aria-labelledby="finish-title" onClose={closeFinish}>
      <h2 ref={title} id="finish-title" tabIndex={-1}>
        {name}
      </h2>
      {welcome.model ? <Rest session={welcome.session} /> : <Asking about={null} changedAt={0} />}
      <Outcome check={check} />
      {finish ? <Steps steps={finish.steps} /> : <p class="help">One moment …</p>}
      <form method="dialog">
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </dialog>
  )
}

/** So soon after a threshold was moved, what follows is its answer. */
const READ_OUT_MS = 2000

/** What a person had set when they went to look at a picture: they come back to it. */
let left: { session: string; chosen: Chosen } | null = null

/** What was left in this session, once. */
function takeLeft(session: string): Chosen | null {
  const chosen = left?.session === session ? left.chosen : null
  left = null
  return chosen
}

/** What the model would make of the images that nobody has answered. */
function Rest({ session }: { session: string }) {
  const newest = state.value.finish
  const [byHand, setByHand] = useState(() => takeLeft(session))
  const [changedAt, setChangedAt] = useState(0)
  const before = useRef<Told | null>(null)
  // Until the person moves something, it is what the server suggests.
  const chosen = byHand ?? (newest && chosenOf(newest.thresholds))
  const thresholds = chosen && thresholdsOf(chosen)
  const why = thresholds && wrong(thresholds)
  const { told, isNow } = thresholds
    ? about(thresholds, newest, before.current)
    : { told: null, isNow: false }
  before.current = told
  // What changes by itself, because the model goes on learning, is not read out again and again.
  const isAnswer = Date.now() - changedAt < READ_OUT_MS

  const change = (next: Chosen) => {
    setByHand(next)
    setChangedAt(Date.now())
  }
  const look = (item: QueueItem) => {
    left = byHand && { session, chosen: byHand }
    closeFinish()
    lookAt(item)
  }
  return (
    <>
      <Asking about={why ? null : thresholds} changedAt={changedAt} />
      <p class="help">
        What it holds likely enough becomes yes, what it holds unlikely enough no, and what lies
        between stays for you. Images that were answered keep their answers.
      </p>
      {chosen && <Sliders chosen={chosen} change={change} />}
      <div class="meaning" aria-live={isAnswer ? 'polite' : 'off'} aria-busy={!isNow}>
        {why && <p>{why}</p>}
        {(!why || isNow) && told && <Meaning told={told} />}
      </div>
      {newest && newest.curve.length > 0 && (
        <Place curve={newest.curve} mark={!why && told ? told.positives : null} />
      )}
      {!why && told && <Label told={told} isNow={isNow} />}
      {told && <Edges told={told} session={session} look={look} />}
    </>
  )
}

function Meaning({ told }: { told: Told }) {
  const { expected, negatives, positives } = told
  return (
    <>
      <p>{becomes(told)}</p>
      {expected && positives + negatives > 0 && (
        <ul>
          {promises(expected, negatives).map((promise) => (
            <li key={promise}>{promise}</li>
          ))}
        </ul>
      )}
      {!expected && <p>{TOO_FEW}</p>}
    </>
  )
}

interface AskingProps {
  /** Null: what is suggested. */
  about: Thresholds | null
  /** When the person last changed them, ms since 1970. */
  changedAt: number
}

/** Asks the server again whenever there is something new to be known. Draws nothing. */
function Asking({ about, changedAt }: AskingProps) {
  const { connection, statistics, finish } = state.value
  const seq = statistics?.next_seq ?? 0
  const known = finish?.thresholds ?? null
  const busy = isUnderWay(state.value)
  const last = useRef<Asked | null>(null)
  // A new connection knows nothing of what was asked, and what a step has done is to be seen at once.
  useEffect(() => {
    last.current = null
  }, [connection, busy])
  useEffect(() => {
    if (connection !== 'open') return
    const at = askAt({ about, changedAt, seq, known }, last.current)
    if (at === null) return
    const asking = setTimeout(
      () => {
        if (askFinish(about)) last.current = { about, at: Date.now(), seq }
      },
      Math.max(0, at - Date.now()),
    )
    return () => clearTimeout(asking)
  }, [connection, busy, seq, changedAt, ...ends(about), ...ends(known)])
  return null
}

const ends = (thresholds: Thresholds | null) => [thresholds?.above, thresholds?.below]
