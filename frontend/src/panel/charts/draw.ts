// A uPlot for a chart, in the colours of the theme.

import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { isDark } from '../../frame/theme'
import { apart, isJoined } from './joined'
import type { Column, Drawing, Drawn } from './kind'
import type { Quantity } from './numbers'
import type { Columns } from './series'

export const HEIGHT_PX = 150

/** A little room around dots, so that none is cut off. */
const ROOM = 0.05

/** The place that is marked at the moment of drawing. */
interface Marked {
  readonly current: number | null
}

/** Draws in a place; `point` is told the row under the pointer, or none. */
export function makePlot(
  kind: Drawing,
  columns: Columns,
  place: HTMLElement,
  point: (row: number | null) => void,
  marked: Marked,
): uPlot {
  return new uPlot(options(kind, place.clientWidth, point, marked), dataOf(kind, columns), place)
}

export function setNumbers(plot: uPlot, kind: Drawing, columns: Columns): void {
  plot.setData(dataOf(kind, columns))
}

/** Puts the cursor on a row, or away. */
export function putCursor(plot: uPlot, row: number | null): void {
  const x = row === null ? undefined : plot.data[0]?.[row]
  if (x == null) plot.setCursor({ left: -10, top: -10 })
  // Without telling: of rows at the same place, it would tell the first.
  else plot.setCursor({ left: plot.valToPos(x, 'x'), top: 0 }, false)
}

/** Bins stand side by side, each at its number and before all its columns, however wide they are. */
function dataOf({ over }: Drawing, columns: Columns): uPlot.AlignedData {
  return over === 'bins' ? [columns[0].map((_, at) => at), ...columns] : columns
}

function options(
  kind: Drawing,
  width: number,
  point: (row: number | null) => void,
  marked: Marked,
): uPlot.Options {
  const color = colors()
  const series = kind.columns.map((column) => seriesOf(column, color))
  return {
    width,
    height: HEIGHT_PX,
    // The last number below needs half its width on the right.
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false, setScale: false } },
    scales: {
      x: {
        time: false,
        distr: kind.over === 'images' ? 3 : 1,
        range: (u, _, most) => acrossOf(kind, u, most, marked.current),
      },
      y: { range: (_, __, most) => upOf(kind, false, most) },
      right: { range: (_, __, most) => upOf(kind, true, most) },
    },
    axes: axesOf(kind, color),
    series: kind.over === 'bins' ? [{}, ...series] : [{}, ...series.slice(1)],
    hooks: {
      setCursor: [({ cursor }) => point(cursor.idx ?? null)],
      drawAxes: kind.diagonal ? [(u) => drawDiagonal(u, color('--soft'))] : [],
      draw: [(u) => drawMark(u, marked.current, color('--ink'))],
    },
  }
}

type Color = (name: string) => string

function colors(): Color {
  const style = getComputedStyle(document.documentElement)
  return (name) => style.getPropertyValue(name).trim()
}

/** From the left to the right. */
function acrossOf(
  { over }: Drawing,
  { data }: uPlot,
  most: number | null,
  mark: number | null,
): [number, number] {
  if (over === 'images') {
    // By the data: what uPlot says of the ends may be what this said before.
    const ends = [data[0]?.[0] ?? 1, data[0]?.at(-1) ?? 1, ...(mark ? [mark] : [])]
    // One place alone has room on both sides.
    return [Math.min(...ends) / 1.1, Math.max(...ends) * 1.1]
  }
  if (over === 'shares') return [-ROOM, 1 + ROOM]
  if (over === 'bins') return [-0.5, (data[0]?.length ?? 1) - 0.5]
  return [0, Math.max(1, most ?? 1)]
}

/** From the foot to the top of what is on one side; `most` is the highest number. */
function upOf(kind: Drawing, onRight: boolean, most: number | null): [number, number] {
  if (kind.over === 'shares') return [-ROOM, 1 + ROOM]
  const is = quantityOf(kind, onRight)
  if (is?.share) return [0, 1]
  const top = (most ?? 1) * 1.05
  return [0, is?.whole ? Math.max(1, top) : top || 1]
}

/** What the numbers on one side are. */
function quantityOf({ columns }: Drawing, onRight: boolean): Quantity | undefined {
  return columns.find(({ drawn }) => drawn && (drawn.onRight ?? false) === onRight)?.is
}

function seriesOf({ drawn }: Column, color: Color): uPlot.Series {
  if (!drawn) return { show: false }
  const stroke = color(drawn.color)
  const { paths, ...more } = LOOKS[drawn.as](drawn, stroke)
  return {
    stroke,
    width: 2,
    scale: drawn.onRight ? 'right' : 'y',
    fill: isLine(drawn) && !drawn.between ? undefined : `${stroke}22`,
    points: { show: false },
    ...(paths && { paths }),
    ...more,
  }
}

const isLine = ({ as }: Drawn) => as === 'line' || as === 'dashed'

const LOOKS: Record<Drawn['as'], (drawn: Drawn, stroke: string) => uPlot.Series> = {
  line: ({ between }, stroke) => ({ paths: lines(between), points: pointsOf(stroke) }),
  area: () => ({}),
  dashed: ({ between }, stroke) => ({
    width: 1.5,
    dash: [4, 4],
    paths: lines(between),
    points: { ...pointsOf(stroke), show: false },
  }),
  bars: () => ({ width: 1, paths: uPlot.paths.bars?.({ size: [0.85] }) }),
  dots: ({ sizedBy }) => ({ width: 1.5, paths: dots(sizedBy ?? 0) }),
}

/** From point to point, as far as they are joined; with the band between two columns, if there is one. */
function lines(between: Drawn['between']): uPlot.Series.PathBuilder {
  return (u, at, first, last) => {
    const [xs = [], ys = [], scale = 'y'] = [u.data[0], u.data[at], u.series[at]?.scale]
    const placeOf = (row: number, y: number) =>
      [u.valToPos(xs[row] ?? 0, 'x', true), u.valToPos(y, scale, true)] as const
    const stroke = new Path2D()
    for (let row = first; row <= last; row++) {
      const y = ys[row]
      if (y == null) continue
      if (isJoined(xs, ys, row)) stroke.lineTo(...placeOf(row, y))
      else stroke.moveTo(...placeOf(row, y))
    }
    if (!between) return { stroke }
    const [low, high] = between.map((end) => u.data[end] ?? [])
    const fill = new Path2D()
    // There along the one edge, and back along the other.
    for (let row = first; row <= last; row++) fill.lineTo(...placeOf(row, low?.[row] ?? 0))
    for (let row = last; row >= first; row--) fill.lineTo(...placeOf(row, high?.[row] ?? 0))
    return { stroke, fill }
  }
}

/** Where there is room for all; those that stand for themselves in any case. */
function pointsOf(fill: string): uPlot.Series.Points {
  const filter: uPlot.Series.Points.Filter = (u, at, show) =>
    show ? null : apart(u.data[0], u.data[at] ?? [])
  return { size: 5, fill, filter }
}

/** Dots whose area says how much is behind them. */
function dots(sizedBy: number): uPlot.Series.PathBuilder {
  return (u, at, first, last) => {
    const [xs = [], ys = [], sizes = []] = [u.data[0], u.data[at], u.data[sizedBy]]
    const largest = Math.max(...Array.from(sizes, (size) => size ?? 0))
    const path = new Path2D()
    for (let row = first; row <= last; row++) {
      const x = u.valToPos(xs[row] ?? 0, 'x', true)
      const y = u.valToPos(ys[row] ?? 0, 'y', true)
      const radius = uPlot.pxRatio * (2 + 5 * Math.sqrt((sizes[row] ?? 0) / largest))
      path.moveTo(x + radius, y)
      path.arc(x, y, radius, 0, 2 * Math.PI)
    }
    return { stroke: path, fill: path }
  }
}

function drawDiagonal(u: uPlot, color: string): void {
  drawDashed(u, color, [0, 0], [1, 1])
}

/** Upright, from the foot to the top. */
function drawMark(u: uPlot, mark: number | null, color: string): void {
  if (mark) drawDashed(u, color, [mark, 0], [mark, 1])
}

type Place = [x: number, y: number]

function drawDashed(u: uPlot, color: string, from: Place, to: Place): void {
  const { ctx } = u
  const placeOf = ([x, y]: Place) => [u.valToPos(x, 'x', true), u.valToPos(y, 'y', true)] as const
  ctx.save()
  ctx.strokeStyle = color
  ctx.lineWidth = 1.5 * uPlot.pxRatio
  ctx.setLineDash([4 * uPlot.pxRatio, 4 * uPlot.pxRatio])
  ctx.beginPath()
  ctx.moveTo(...placeOf(from))
  ctx.lineTo(...placeOf(to))
  ctx.stroke()
  ctx.restore()
}

function axesOf(kind: Drawing, color: Color): uPlot.Axis[] {
  const axis = {
    stroke: color('--soft'),
    grid: { stroke: isDark.peek() ? '#ffffff14' : '#00000012', width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  }
  const up = (onRight: boolean): uPlot.Axis[] => {
    const is = quantityOf(kind, onRight)
    if (!is) return []
    const [scale, side, grid] = onRight ? ['right', 1, { show: false }] : ['y', 3, axis.grid]
    const values = marks(is)
    // Nobody finds half a positive.
    return [
      { ...axis, scale, side, grid, values, size: roomFor, ...(is.whole && { incrs: WHOLE }) },
    ]
  }
  const over = kind.columns[0]?.is
  const values = over && marks(over)
  const below = {
    bins: binEdges,
    images: { values, splits: marksOf(kind), filter: (_: uPlot, splits: number[]) => splits },
    looks: { values, incrs: WHOLE },
    shares: { values },
  }[kind.over]
  return [{ ...axis, size: 22, space: 60, ...below }, ...up(false), ...up(true)]
}

const WHOLE = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((ten) => [ten, 2 * ten, 5 * ten])

const marksOf =
  ({ marks }: Drawing) =>
  (_: uPlot, __: number, least: number, most: number) =>
    marks?.(least, most) ?? []

const marks = (is: Quantity) => (_: uPlot, splits: number[]) => splits.map(is.mark)

/**
 * Between two bars stands where the one bin ends and the next begins, which the first column says; at every second
 * place, for more there is no room.
 */
const binEdges: uPlot.Axis = {
  splits: ({ data: [bins = []] }) =>
    Array.from(bins, (bin) => bin - 0.5).filter((_, at) => at % 2 === 0),
  values: ({ data }, splits) => splits.map((split) => String(data[1]?.[split + 0.5] ?? '')),
}

/** As wide as the longest number beside the axis. */
function roomFor(_: uPlot, values: string[] | null): number {
  return 14 + 6.5 * Math.max(2, ...(values ?? []).map(({ length }) => length))
}
