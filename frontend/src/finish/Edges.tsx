import { thumbnail } from '../picture/preload'
import type { Finish, QueueItem } from '../protocol'
import { inPercent } from './chosen'
import { edgeOf } from './words'

interface Props {
  told: Finish
  session: string
  /** Shows one on the stage, to be answered. */
  look: (item: QueueItem) => void
}

/** The images that a threshold decides about: the least sure of each side. */
export function Edges({ told: { least_positive, least_negative }, session, look }: Props) {
  return (
    <div class="edges">
      <Edge name="The least sure yes" items={least_positive} session={session} look={look} />
      <Edge name="The least sure no" items={least_negative} session={session} look={look} />
    </div>
  )
}

interface EdgeProps {
  name: string
  items: QueueItem[]
  session: string
  look: (item: QueueItem) => void
}

function Edge({ name, items, session, look }: EdgeProps) {
  if (items.length === 0) return null
  return (
    <section aria-label={name}>
      <h3>{name}</h3>
      <ul>
        {items.map((item) => (
          <li key={item.image}>
            <Thumbnail item={item} session={session} look={() => look(item)} />
          </li>
        ))}
      </ul>
    </section>
  )
}

interface ThumbnailProps {
  item: QueueItem
  session: string
  look: () => void
}

function Thumbnail({ item: { image, probability }, session, look }: ThumbnailProps) {
  const label = edgeOf(image, probability)
  return (
    <button type="button" aria-label={label} title={label} data-image={image} onClick={look}>
      <img
        src={thumbnail(image, session)}
        alt=""
        loading="lazy"
        decoding="async"
        draggable={false}
      />
      {probability !== null && <span aria-hidden="true">{inPercent(probability)} %</span>}
    </button>
  )
}
