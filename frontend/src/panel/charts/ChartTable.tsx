import type { Drawing } from './kind'
import { headed } from './numbers'
import { type Columns, rowsOf } from './series'

/** The numbers behind a chart. */
export function ChartTable({ kind, columns }: { kind: Drawing; columns: Columns }) {
  const text = (number: number | null, column: number) =>
    number === null ? '–' : kind.columns[column]?.is.write(number)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section class="rows" tabIndex={0} aria-label={`Numbers: ${kind.title}`}>
      <table>
        <caption>{kind.title}</caption>
        <thead>
          <tr>
            {kind.columns.map(({ name, is }) => (
              <th key={name} scope="col">
                {headed(name, is.unit)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(columns).map(([over = null, ...others], row) => (
            <tr key={row}>
              <th scope="row">{text(over, 0)}</th>
              {others.map((number, at) => (
                <td key={kind.columns[at + 1]?.name}>{text(number, at + 1)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
