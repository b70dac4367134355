// What this browser remembers. One that remembers nothing (a private window, blocked storage, a full one) must not
// keep a person from answering.

export function remembered(key: string): string | null {
  return attempt(() => localStorage.getItem(key)) ?? null
}

export function remember(key: string, value: string): void {
  attempt(() => localStorage.setItem(key, value))
}

export function forget(key: string): void {
  attempt(() => localStorage.removeItem(key))
}

/** Whether it remembers at all. */
export function keeps(): boolean {
  const key = 'sluice-keeps'
  remember(key, 'yes')
  const does = remembered(key) === 'yes'
  forget(key)
  return does
}

/** The keys that begin so. */
export function keysOf(prefix: string): string[] {
  const all = () =>
    Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? '')
  return (attempt(all) ?? []).filter((key) => key.startsWith(prefix))
}

function attempt<T>(use: () => T): T | undefined {
  try {
    return use()
  } catch {
    return undefined
  }
}
