import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'

interface Props {
  /** What is done, on the button. */
  children: ComponentChildren
  /** The same for who does not see what it stands beside. */
  label?: string
  /** What it means, when it is asked once more. */
  question: string
  /** What says yes. */
  yes: string
  disabled: boolean
  act: () => void
}

/** A button that asks once more, in its own place. */
export function Confirm({ children, label, question, yes, disabled, act }: Props) {
  const id = useId()
  const place = useRef<HTMLFieldSetElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const [asking, setAsking] = useState<'never' | 'now' | 'cancelled'>('never')
  useEffect(() => {
    // Not on the yes: an Enter that is held down says nothing twice.
    if (asking === 'now') place.current?.focus()
    if (asking === 'cancelled') button.current?.focus()
  }, [asking])

  if (asking !== 'now') {
    return (
      <button
        ref={button}
        type="button"
        class="quiet"
        aria-label={label}
        disabled={disabled}
        onClick={() => setAsking('now')}
      >
        {children}
      </button>
    )
  }
  const confirm = () => {
    // What is told of it stands in the dialogue; the focus stays there.
    place.current?.closest('dialog')?.querySelector<HTMLElement>('[data-outcome]')?.focus()
    setAsking('never')
    act()
  }
  return (
    <fieldset ref={place} class="confirm" tabIndex={-1} aria-labelledby={id}>
      <p id={id}>{question}</p>
      <button type="button" class="quiet sure" disabled={disabled} onClick={confirm}>
        {yes}
      </button>
      <button type="button" class="quiet" onClick={() => setAsking('cancelled')}>
        Cancel
      </button>
    </fieldset>
  )
}
