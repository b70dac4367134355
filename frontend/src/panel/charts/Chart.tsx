import { useId, useMemo, useState } from 'preact/hooks'
import type { Charts } from '../../protocol'
import { ChartTable } from './ChartTable'
import { csv } from './csv'
import { download } from './download'
import { type ChartKind, type Drawing, hasNumbers, numberOf, rowToTell, told } from './kind'
import { headed } from './numbers'
import { Plot } from './Plot'
import { type Columns, rowOf, rowsOf } from './series'

interface Props {
  kind: ChartKind
  charts: Charts
  /** Images that can be shown. */
  images: number
}

/** A chart of how it went. */
export function Chart({ kind, charts, images }: Props) {
  const columns = useMemo(() => kind.numbers(charts, images), [kind, charts, images])
  return <ChartOf kind={kind} columns={columns} mark={null} />
}

interface OfProps {
  kind: Drawing
  columns: Columns
  /** The place that is marked, if one is. */
  mark: number | null
}

/** A chart with what it says at one place, and the numbers behind it. */
export function ChartOf({ kind, columns, mark }: OfProps) {
  const [pointed, point] = useState<number | null>(null)
  const [held, hold] = useState<number | null>(null)
  if (!hasNumbers(kind, columns)) return <p class="help">Nothing to draw yet. {kind.help}</p>

  const row = rowToTell(kind, columns, held ?? pointed, mark)
  const label = `${kind.title}, ${told(kind, columns, rowToTell(kind, columns, null, mark))}`
  return (
    <figure class="chart">
      <Reader kind={kind} columns={columns} row={row} hold={hold} />
      <Plot kind={kind} columns={columns} label={label} held={held} mark={mark} point={point} />
      <figcaption>
        <Reading kind={kind} columns={columns} row={row} />
        <p class="help">{kind.help}</p>
      </figcaption>
      <Behind kind={kind} columns={columns} />
    </figure>
  )
}

interface RowProps {
  kind: Drawing
  columns: Columns
  row: number
}

/** What the pointer is to a hand: the arrow keys go along the chart, and its numbers are read out. */
function Reader({ kind, columns, row, hold }: RowProps & { hold: (row: number | null) => void }) {
  return (
    <input
      class="unseen"
      type="range"
      min={0}
      max={columns[0].length - 1}
      value={row}
      aria-label={`Read the chart: ${kind.title}`}
      aria-valuetext={told(kind, columns, row)}
      onFocus={() => hold(row)}
      onInput={({ currentTarget }) => hold(currentTarget.valueAsNumber)}
      onBlur={() => hold(null)}
    />
  )
}

/** The legend, with the numbers of one row. */
function Reading({ kind, columns, row }: RowProps) {
  const numbers = rowOf(columns, row)
  return (
    <p class="reading">
      <span>{kind.place(numbers)}</span>
      {kind.columns.map((column, at) => {
        const { name, drawn, told } = column
        return (
          (drawn || told) && (
            <span key={name}>
              {drawn && <i class={drawn.as} style={{ color: `var(${drawn.color})` }} />} {name}{' '}
              <b>{numberOf(column, at, numbers)}</b>
            </span>
          )
        )
      })}
      {kind.diagonal && (
        <span>
          <i class="dashed" /> {kind.diagonal}
        </span>
      )}
      {kind.marked && (
        <span>
          <i class="upright" /> {kind.marked}
        </span>
      )}
    </p>
  )
}

/** The same numbers, to be read and to be taken along. */
function Behind({ kind, columns }: { kind: Drawing; columns: Columns }) {
  const [shown, show] = useState(false)
  const id = useId()
  const save = () => {
    const head = kind.columns.map(({ name, is }) => headed(name, is.unitInFile))
    download(`sluice-${kind.name}.csv`, 'text/csv', csv(head, rowsOf(columns)))
  }
  return (
    <>
      <div class="behind">
        <button
          type="button"
          class="quiet"
          aria-label={`Table: ${kind.title}`}
          aria-expanded={shown}
          aria-controls={id}
          onClick={() => show(!shown)}
        >
          Table
        </button>
        <button type="button" class="quiet" aria-label={`CSV: ${kind.title}`} onClick={save}>
          CSV
        </button>
      </div>
      <div id={id}>{shown && <ChartTable kind={kind} columns={columns} />}</div>
    </>
  )
}
