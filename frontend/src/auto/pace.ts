// How long a picture may stay in auto mode.

export const SHORTEST_S = 0.2
export const LONGEST_S = 10
export const DEFAULT_S = 2

/** The times that the keys step through, seconds. */
const STEPS = [0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]

export function slower(seconds: number): number {
  return STEPS.find((step) => step > seconds + 1e-9) ?? LONGEST_S
}

export function faster(seconds: number): number {
  return STEPS.findLast((step) => step < seconds - 1e-9) ?? SHORTEST_S
}

/** What was kept, or the default where that is no such time. */
export function readSeconds(kept: string | null): number {
  const seconds = Number(kept)
  return kept !== null && seconds >= SHORTEST_S && seconds <= LONGEST_S ? seconds : DEFAULT_S
}
