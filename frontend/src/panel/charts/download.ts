/** The browser is given so long to begin with it, ms. */
const KEPT_MS = 10_000

/** Saves a text as a file on the person's side. */
export function download(name: string, type: string, text: string): void {
  const href = URL.createObjectURL(new Blob([text], { type }))
  Object.assign(document.createElement('a'), { href, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(href), KEPT_MS)
}
