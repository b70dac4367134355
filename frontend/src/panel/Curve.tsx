import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { isDark, theme } from '../frame/theme'
import type { CurvePoint } from '../protocol'

interface Props {
  curve: CurvePoint[]
  /** Answers on images that chance had chosen. */
  byChance: CurvePoint
}

const HEIGHT_PX = 150
/** So few draws say nothing about what chance finds. */
const ENOUGH_DRAWS = 10

/** Positives over looks, beside what chance would have found. */
export function Curve({ curve, byChance }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const data = series(curve, byChance)

  // Made anew with the theme, whose colours it draws with.
  useEffect(() => {
    if (!place.current) return
    const width = place.current.clientWidth
    const made = new uPlot(options(width), data, place.current)
    chart.current = made
    const resized = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: entry.contentRect.width, height: HEIGHT_PX })
    })
    resized.observe(place.current)
    return () => {
      resized.disconnect()
      made.destroy()
    }
  }, [theme.value])

  useEffect(() => chart.current?.setData(data), [data])

  const last = curve.at(-1)
  const label = last ? `${last.positives} positives in ${last.looks} looks` : 'No answer yet'
  return <div ref={place} class="curve" role="img" aria-label={label} />
}

/** Looks; positives; what chance would have found by then, where it can be told. */
export function series(
  curve: CurvePoint[],
  byChance: CurvePoint,
): [number[], number[], (number | null)[]] {
  const points = [{ looks: 0, positives: 0 }, ...curve]
  const rate = byChance.looks >= ENOUGH_DRAWS ? byChance.positives / byChance.looks : null
  return [
    points.map(({ looks }) => looks),
    points.map(({ positives }) => positives),
    points.map(({ looks }) => (rate === null ? null : rate * looks)),
  ]
}

function options(width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string) => style.getPropertyValue(name).trim()
  const dark = isDark()
  const axis = {
    stroke: color('--soft'),
    grid: { stroke: dark ? '#ffffff14' : '#00000012', width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  }
  return {
    width,
    height: HEIGHT_PX,
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 22, space: 60 },
      { ...axis, size: 34 },
    ],
    series: [
      {},
      { stroke: color('--yes'), width: 2, fill: `${color('--yes')}22`, points: { show: false } },
      { stroke: color('--soft'), width: 1.5, dash: [4, 4], points: { show: false } },
    ],
  }
}
