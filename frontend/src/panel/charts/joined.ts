// Between which of its points a line is drawn. Pure.

type Numbers = ArrayLike<number | null | undefined>

/** Whether a line leads here from the row before: none from or to nothing, and none up and down at one place. */
export function isJoined(xs: Numbers, ys: Numbers, row: number): boolean {
  return ys[row] != null && ys[row - 1] != null && xs[row] !== xs[row - 1]
}

/** Rows that stand for themselves: those that share their place with others, and those that no line touches. */
export function apart(xs: Numbers, ys: Numbers): number[] {
  const isApart = (row: number) =>
    xs[row] === xs[row - 1] ||
    xs[row] === xs[row + 1] ||
    !(isJoined(xs, ys, row) || isJoined(xs, ys, row + 1))
  return Array.from(ys, (_, row) => row).filter((row) => ys[row] != null && isApart(row))
}
