import type { ComponentChildren } from 'preact'
import { counted, duration, grouped } from '../panel/format'
import type { Statistics } from '../protocol'
import { state, undo } from '../session/store'
import { KEPT } from './kept'

const ADDED = ' Files that you add to the folder appear by themselves.'

/** What stands in the picture's place when there is none. */
export function Empty() {
  const { connection, missing, exhausted, statistics, welcome, replay } = state.value
  if (connection === 'lost') {
    return (
      <Message title="The server is away" busy>
        It is looked for all the time{replay ? '.' : `; ${KEPT}`}
      </Message>
    )
  }
  if (missing.length > 0 && welcome && replay) {
    return (
      <Message title="The picture can't be shown">
        This picture is not in {welcome.pool} any more, or can't be read.
      </Message>
    )
  }
  if (missing.length > 0 && welcome) {
    return (
      <Message title="The pictures are not there at the moment" busy>
        Is a disk missing, or a network share? They belong in {welcome.pool}. Your answers are safe,
        and it goes on by itself when the pictures are back.
      </Message>
    )
  }
  if (exhausted && statistics) return <Finished statistics={statistics} played={replay !== null} />
  return (
    <Message title="One moment" busy>
      The first pictures are on their way.
    </Message>
  )
}

function Finished({ statistics, played }: { statistics: Statistics; played: boolean }) {
  const { images, set_aside, positives, negatives, skipped, active_seconds, undo_depth } =
    statistics
  if (images === set_aside) {
    return (
      <Message title="There is no picture to show">
        {images === 0
          ? `The folder holds no images yet.${played ? '' : ADDED}`
          : `${counted(images, 'file')} set aside; the panel says why.`}
      </Message>
    )
  }
  return (
    <Message title="Every image is answered">
      <b class="yes">{grouped(positives)} yes</b>, <b class="no">{grouped(negatives)} no</b>,{' '}
      {grouped(skipped)} skipped, in {duration(active_seconds)}.{!played && ADDED}
      {!played && undo_depth > 0 && (
        <>
          <br />
          <button type="button" class="quiet" onClick={undo}>
            Undo brings the last one back
          </button>
        </>
      )}
    </Message>
  )
}

interface Props {
  title: string
  /** It goes on by itself. */
  busy?: boolean
  children: ComponentChildren
}

function Message({ title, busy = false, children }: Props) {
  return (
    <div class="empty">
      {busy && <div class="busy" aria-hidden="true" />}
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  )
}
