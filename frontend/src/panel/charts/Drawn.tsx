// All that draws, with the library that does it: fetched when there is something to draw.

import type { Charts } from '../../protocol'
import { Chart } from './Chart'
import { kinds } from './charts'

interface Props {
  /** Which of the charts. */
  of: keyof typeof kinds
  charts: Charts
  /** Images that can be shown. */
  images: number
}

export function Drawn({ of, charts, images }: Props) {
  return (
    <>
      {kinds[of].map((kind) => (
        <section key={kind.name}>
          {of !== 'first' && <h3>{kind.title}</h3>}
          <Chart kind={kind} charts={charts} images={images} />
        </section>
      ))}
    </>
  )
}
