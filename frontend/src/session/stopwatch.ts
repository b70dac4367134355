// How long a picture has been under a person's eyes: pauses and hidden tabs don't count. Pure; times in ms.

export interface Watch {
  counted: number
  /** Since when it runs; null: it stands. */
  since: number | null
}

export const zero: Watch = { counted: 0, since: null }

export function run(watch: Watch, now: number): Watch {
  return watch.since === null ? { ...watch, since: now } : watch
}

export function stop(watch: Watch, now: number): Watch {
  return { counted: elapsed(watch, now), since: null }
}

export function elapsed({ counted, since }: Watch, now: number): number {
  return counted + (since === null ? 0 : Math.max(0, now - since))
}
