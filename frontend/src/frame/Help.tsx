import { useEffect, useRef } from 'preact/hooks'
import { bindings, capOf, type Deed, deeds } from '../keys/bindings'

/** The keys, over the page. */
export function Help({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="help" onClose={close} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        {(Object.keys(deeds) as Deed[]).map((deed) => (
          <div key={deed}>
            <dt>
              {bindings
                .filter((binding) => binding.deed === deed)
                .map((binding) => (
                  <kbd key={capOf(binding)}>{capOf(binding)}</kbd>
                ))}
            </dt>
            <dd>{deeds[deed]}</dd>
          </div>
        ))}
      </dl>
      <p>
        One key answers and brings the next picture. Every answer is saved at once; an undo goes
        back as far as you like, also after a reload or a restart.
      </p>
      <form method="dialog">
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </dialog>
  )
}
