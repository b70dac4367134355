// What is written below an axis on which each tenfold takes the same room. Pure.

/** There is no room for more numbers than these. */
const MOST = 7

/**
 * Round numbers from one end to the other: 1, 2, 5, 10, 20 and so on, or only every tenfold where those are too many.
 * Where hardly any lies between the ends, it is these.
 */
export function tenfolds(least: number, most: number): number[] {
  const numbers = (steps: number[]) =>
    Array.from({ length: 16 }, (_, power) => 10 ** power)
      .flatMap((ten) => steps.map((step) => step * ten))
      .filter((number) => number >= least && number <= most)
  const all = numbers([1, 2, 5])
  if (all.length < 2) return [Math.ceil(least), Math.floor(most)]
  return all.length > MOST ? numbers([1]) : all
}
