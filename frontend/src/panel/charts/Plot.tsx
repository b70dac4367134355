import { useEffect, useRef } from 'preact/hooks'
import type uPlot from 'uplot'
import { isDark } from '../../frame/theme'
import { HEIGHT_PX, makePlot, putCursor, setNumbers } from './draw'
import type { Drawing } from './kind'
import type { Columns } from './series'

interface Props {
  kind: Drawing
  columns: Columns
  /** What it shows, for who doesn't see it. */
  label: string
  /** The row that the keyboard holds. */
  held: number | null
  /** The place that is marked. */
  mark: number | null
  point: (row: number | null) => void
}

/** The drawing: made once for the theme, and given its numbers when they change. */
export function Plot({ kind, columns, label, held, mark, point }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const marked = useRef(mark)
  marked.current = mark

  useEffect(() => {
    if (!place.current) return
    const made = makePlot(kind, columns, place.current, point, marked)
    plot.current = made
    const resized = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: entry.contentRect.width, height: HEIGHT_PX })
    })
    resized.observe(place.current)
    return () => {
      resized.disconnect()
      made.destroy()
    }
  }, [kind, isDark.value])

  useEffect(() => {
    if (!plot.current) return
    setNumbers(plot.current, kind, columns)
    if (held !== null) putCursor(plot.current, held)
  }, [columns, mark])

  useEffect(() => {
    if (plot.current) putCursor(plot.current, held)
  }, [held])

  return <div ref={place} class="plot" role="img" aria-label={label} />
}
