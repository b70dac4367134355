// When a picture that was put in place is really on the screen.

/**
 * Tells once: when it is decoded and a frame with it was drawn. Returns how to call that off.
 */
export function whenShown(element: HTMLImageElement, tell: () => void): () => void {
  let [decoded, drawn, calledOff] = [false, false, false]
  const shown = () => {
    if (!calledOff) tell()
  }
  afterFrame(() => {
    drawn = true
    if (decoded) shown()
  })
  element.decode().then(
    () => {
      decoded = true
      // The frame it was put in place with was drawn without it: the next one counts.
      if (drawn) afterFrame(shown)
    },
    () => {}, // It is not shown; that it failed is told by its `onerror`.
  )
  return () => {
    calledOff = true
  }
}

/** A task that is begun in a frame comes after its drawing. */
function afterFrame(then: () => void): void {
  requestAnimationFrame(() => setTimeout(then))
}
