import type { TargetedKeyboardEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { thumbnail } from '../picture/preload'
import type { History, HistoryFilter, HistoryLook, ImageId } from '../protocol'
import {
  disagreed,
  filters,
  hasMore,
  labelOf,
  marks,
  moved,
  nothing,
  ofFilter,
  orders,
  STEP,
} from './looks'

interface Props {
  history: History | null
  session: string
  /** The picture on the screen. */
  current: ImageId | null
  filter: HistoryFilter
  choose: (filter: HistoryFilter) => void
  /** How much of the history is wanted from now on; 0: no more of it. */
  want: (count: number, filter: HistoryFilter) => void
  /** Shows an image again, so that it can be answered again. */
  look: (look: HistoryLook) => void
  /** What that is called, if not by its name. */
  act?: string
}

/** The last answers, the newest first; of those of the model the least sure. */
export function Strip(props: Props) {
  const { history, session, current, filter, choose, want, look, act } = props
  // So many of this filter: another one begins anew.
  const [more, setMore] = useState({ filter, count: STEP })
  const count = more.filter === filter ? more.count : STEP
  useEffect(() => want(count, filter), [count, filter])
  useEffect(() => () => want(0, 'all'), [])

  const shown = ofFilter(history, filter)
  return (
    <section class="strip" aria-label="Answers given">
      <Filter filter={filter} total={shown?.total ?? null} choose={choose} />
      <div class="row">
        {shown && shown.looks.length > 0 && (
          <Row
            looks={shown.looks}
            order={orders[filter]}
            session={session}
            current={current}
            show={look}
            act={act}
          />
        )}
        {!shown && <p>One moment …</p>}
        {shown?.looks.length === 0 && <p>{nothing(filter)}</p>}
        {shown && hasMore(shown) && (
          <button
            type="button"
            class="more"
            onClick={() => setMore({ filter, count: shown.looks.length + STEP })}
          >
            More
          </button>
        )}
      </div>
    </section>
  )
}

interface FilterProps {
  filter: HistoryFilter
  /** How many pass; null as long as nobody knows. */
  total: number | null
  choose: (filter: HistoryFilter) => void
}

function Filter({ filter, total, choose }: FilterProps) {
  return (
    <label class="filter">
      <span class="unseen">Answers to show</span>
      <select
        value={filter}
        onChange={({ currentTarget }) => {
          choose(currentTarget.value as HistoryFilter)
          // The keys are for answering again.
          currentTarget.blur()
        }}
      >
        {Object.entries(filters).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <span class="total" data-testid="history-total">
        {total}
      </span>
    </label>
  )
}

interface RowProps {
  looks: HistoryLook[]
  /** Which of them comes first. */
  order: string
  session: string
  current: ImageId | null
  show: (look: HistoryLook) => void
  act?: string
}

/** One stop for the tab key; the arrows move within. */
function Row({ looks, order, session, current, show, act }: RowProps) {
  const row = useRef<HTMLDivElement>(null)
  // By its image: others may come before it at any time.
  const [held, setHeld] = useState<ImageId | null>(null)
  const at = Math.max(
    looks.findIndex(({ image }) => image === held),
    0,
  )
  const pressed = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const to = moved(event.key, at, looks.length)
    if (to === null || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    row.current?.querySelectorAll('button')[to]?.focus()
  }
  return (
    <div ref={row} class="looks" role="toolbar" aria-label={order} onKeyDown={pressed}>
      {looks.map((look, index) => (
        <Thumbnail
          // Not by its number: all answers of one step have the same.
          key={look.image}
          look={look}
          session={session}
          isCurrent={look.image === current}
          isStop={index === at}
          hold={() => setHeld(look.image)}
          show={() => show(look)}
          act={act}
        />
      ))}
    </div>
  )
}

interface ThumbnailProps {
  look: HistoryLook
  session: string
  /** It is on the screen now. */
  isCurrent: boolean
  /** The tab key stops here. */
  isStop: boolean
  hold: () => void
  show: () => void
  act?: string
}

function Thumbnail({ look, session, isCurrent, isStop, hold, show, act }: ThumbnailProps) {
  const label = labelOf(look, act)
  return (
    <button
      type="button"
      class={`look ${look.answer}`}
      aria-label={label}
      aria-current={isCurrent}
      // Not `disabled`: the arrows pass over it, and it says why.
      aria-disabled={look.set_aside}
      title={label}
      tabIndex={isStop ? 0 : -1}
      data-image={look.image}
      onFocus={hold}
      onClick={look.set_aside ? undefined : show}
    >
      {!look.set_aside && (
        <img
          src={thumbnail(look.image, session)}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
        />
      )}
      <span class="said" aria-hidden="true">
        {marks[look.answer]}
      </span>
      {disagreed(look) && <span class="disagreed" />}
      {look.source === 'timeout' && <Clock />}
    </button>
  )
}

/** Nobody pressed a key: the time was up. */
function Clock() {
  return (
    <svg class="clock" viewBox="0 0 12 12" aria-hidden="true">
      <circle cx="6" cy="6" r="4.5" />
      <path d="M6 3.4V6l1.8 1.2" />
    </svg>
  )
}
