import { useEffect, useRef } from 'preact/hooks'
import { capFor, type Deed, deedOf } from '../keys/bindings'
import { keymap } from '../keys/keymap'
import { remember, remembered } from '../memory'
import { state } from '../session/store'

const KEY = 'sluice-seen'

/** Whether this browser has never shown the page before. */
export function isFirstVisit(): boolean {
  return remembered(KEY) === null
}

/** What to do, in one screen. Any key that answers begins, and answers nothing. */
export function FirstVisit({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const begin = () => {
    remember(KEY, 'yes')
    close()
  }
  const pressed = (event: KeyboardEvent) => {
    const deed = deedOf(event, keymap.value)
    if (!deed || !['positive', 'negative', 'skip', 'pause'].includes(deed)) return
    event.preventDefault()
    dialog.current?.close()
  }
  const { welcome } = state.value
  return (
    <dialog
      ref={dialog}
      class="first"
      onClose={begin}
      onKeyDown={pressed}
      aria-labelledby="first-title"
    >
      <h2 id="first-title">{welcome?.question ?? 'One question, yes or no'}</h2>
      <p>
        You see one picture at a time. Answer with one key, and the next one is there.{' '}
        {welcome?.model
          ? 'Sluice learns from every answer and brings the likeliest yes first.'
          : 'Every answer is saved at once.'}
      </p>
      <ul class="first-keys">
        <Line deed="positive" text="yes" touch="swipe right" />
        <Line deed="negative" text="no" touch="swipe left" />
        <Line deed="skip" text="can’t say" touch="swipe up" />
        <Line deed="undo" text="take the last answer back" />
        <Line deed="pause" text="pause" />
        <Line deed="auto" text="auto mode: no, unless you say yes in time" />
        <Line deed="help" text="all keys, and how to change them" />
      </ul>
      <p class="soft">
        Nothing is lost: each answer is on the disk before it counts as saved. Stop at any time, and
        go on where you were.
      </p>
      <form method="dialog">
        <button type="submit" class="begin">
          Begin
        </button>
      </form>
    </dialog>
  )
}

function Line({ deed, text, touch }: { deed: Deed; text: string; touch?: string }) {
  const cap = capFor(deed, keymap.value)
  return (
    <li>
      <kbd>{cap}</kbd>
      <span>
        {text}
        {touch && <span class="touch"> · {touch}</span>}
      </span>
    </li>
  )
}
