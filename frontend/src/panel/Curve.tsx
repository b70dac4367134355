import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { isDark } from '../frame/theme'
import type { CurvePoint } from '../protocol'
import { series } from './series'

interface Props {
  curve: CurvePoint[]
  /** Images of the pool that can be shown. */
  images: number
}

const HEIGHT_PX = 150

/** Positives over looks, beside what chance would have found. */
export function Curve({ curve, images }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const data = series(curve, images)

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
  }, [isDark.value])

  useEffect(() => chart.current?.setData(data), [data])

  const last = curve.at(-1)
  const label = last ? `${last.positives} positives in ${last.looks} looks` : 'No answer yet'
  return (
    <figure class="curve">
      <div ref={place} role="img" aria-label={label} />
      <figcaption>
        <i class="found" /> found <i class="chance" /> chance, at least
      </figcaption>
    </figure>
  )
}

function options(width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string) => style.getPropertyValue(name).trim()
  const dark = isDark.peek()
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
      // Nobody finds half a positive.
      {
        ...axis,
        size: 34,
        incrs: [1, 10, 100, 1e3, 1e4, 1e5].flatMap((ten) => [ten, 2 * ten, 5 * ten]),
      },
    ],
    series: [
      {},
      { stroke: color('--yes'), width: 2, fill: `${color('--yes')}22`, points: { show: false } },
      { stroke: color('--soft'), width: 1.5, dash: [4, 4], points: { show: false } },
    ],
  }
}
