import { state } from '../session/store'

/** What stands in the picture's place when there is none. */
export function Empty() {
  const { connection, missing, exhausted, statistics, welcome } = state.value
  if (connection === 'lost') {
    return (
      <Message
        title="The server is away"
        text="Your answers are kept here and sent when it is back."
      />
    )
  }
  if (missing.length > 0 && welcome) {
    return (
      <Message
        title="The pictures are not there at the moment"
        text={`Is a disk missing, or a network share? They belong in ${welcome.pool}. Your answers are safe, and it goes on by itself when the pictures are back.`}
      />
    )
  }
  if (exhausted && statistics) {
    const { positives, negatives, skipped } = statistics
    return (
      <Message
        title="Every image is answered"
        text={`${positives} yes, ${negatives} no, ${skipped} skipped. An undo brings the last one back.`}
      />
    )
  }
  return <Message title="One moment" text="The first pictures are on their way." />
}

function Message({ title, text }: { title: string; text: string }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{text}</p>
    </div>
  )
}
