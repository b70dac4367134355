import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { capsOf, type Deed, deeds, groups, type Preset } from './bindings'
import { changeKey, choosePreset, keymap } from './keymap'
import { presetOf, refusal, told } from './remap'

const PRESETS: Record<Preset, string> = { sluice: 'Sluice', prodigy: 'Prodigy' }

/** The keys, over the page, and how to change them. */
export function Keys({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [changing, setChanging] = useState<Deed | null>(null)
  const [said, setSaid] = useState('')

  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    // A dialogue that is taken away while it is open gives no focus back.
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])

  const leave = () => {
    setChanging(null)
    setSaid('Nothing was changed.')
  }
  useNextKey(changing !== null, (event) => {
    if (!changing) return
    if (event.key === 'Escape') return leave()
    const why = refusal(event)
    if (why) return setSaid(`${why} Press another key, or Escape.`)
    const taken = changeKey(changing, event)
    setSaid(told(changing, taken, keymap.value))
    setChanging(null)
  })

  const change = (deed: Deed) => {
    if (deed === changing) return leave()
    setChanging(deed)
    setSaid(`Press the new key for “${deeds[deed]}”, or Escape to leave it.`)
  }
  const choose = (name: Preset) => {
    choosePreset(name)
    setChanging(null)
    setSaid(`All keys are those of ${PRESETS[name]} now.`)
  }
  return (
    <dialog
      ref={dialog}
      class="keys"
      aria-labelledby="keys-title"
      onClose={close}
      onCancel={(event) => {
        // The way back of a telephone is no key press, and means the same as Escape.
        if (!changing) return
        event.preventDefault()
        leave()
      }}
    >
      <h2 id="keys-title">Keys</h2>
      <Presets choose={choose} />
      {groups.map((group) => (
        <section key={group.name}>
          <h3>{group.name}</h3>
          <dl>
            {group.deeds.map((deed) => (
              <Row key={deed} deed={deed} waiting={deed === changing} change={() => change(deed)} />
            ))}
          </dl>
        </section>
      ))}
      <p>Swipe right: yes, left: no, up: skip. Wheel or pinch: zoom; drag: move.</p>
      <p>
        One key answers and brings the next picture. Every answer is saved at once; an undo goes
        back as far as you like, also after a reload or a restart.
      </p>
      <form method="dialog">
        <p role="status">{said}</p>
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </dialog>
  )
}

/** Takes every key press while `active`, before anything else sees it. */
function useNextKey(active: boolean, take: (event: KeyboardEvent) => void): void {
  // Renewed with every drawing, at once: no key is lost between the button and the key press.
  useLayoutEffect(() => {
    if (!active) return
    const stop = (event: KeyboardEvent) => {
      event.preventDefault()
      event.stopPropagation()
    }
    const pressed = (event: KeyboardEvent) => {
      stop(event)
      // The Enter that pressed the button may still be held down.
      if (event.repeat) return
      // Some browsers press a button when Space comes up again.
      window.addEventListener('keyup', stop, { capture: true, once: true })
      take(event)
    }
    window.addEventListener('keydown', pressed, { capture: true })
    return () => window.removeEventListener('keydown', pressed, { capture: true })
  })
}

function Presets({ choose }: { choose: (name: Preset) => void }) {
  const chosen = presetOf(keymap.value)
  return (
    <fieldset>
      <legend>The keys of</legend>
      {(Object.keys(PRESETS) as Preset[]).map((name) => (
        <button
          key={name}
          type="button"
          class="quiet"
          aria-pressed={name === chosen}
          onClick={() => choose(name)}
        >
          {PRESETS[name]}
        </button>
      ))}
      {!chosen && <span>your own</span>}
    </fieldset>
  )
}

interface RowProps {
  deed: Deed
  waiting: boolean
  change: () => void
}

function Row({ deed, waiting, change }: RowProps) {
  const caps = capsOf(deed, keymap.value)
  return (
    <div class={waiting ? 'waiting' : undefined}>
      <dt>{deeds[deed]}</dt>
      <dd class="keys-caps">
        {caps.map((cap) => (
          <kbd key={cap}>{cap}</kbd>
        ))}
        {caps.length === 0 && 'no key'}
      </dd>
      <dd>
        <button
          type="button"
          class="quiet"
          aria-label={waiting ? undefined : `Change the key for “${deeds[deed]}”`}
          onClick={change}
        >
          {waiting ? 'Press a key … (Escape: leave it)' : 'change'}
        </button>
      </dd>
    </div>
  )
}
