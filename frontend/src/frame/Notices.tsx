import { dismiss, state } from '../session/store'

/** Things that a person should know, until they have read them. */
export function Notices() {
  return (
    <ul class="notices" aria-label="Notices">
      {state.value.notices.map((notice) => (
        <li key={notice.text} class={notice.level}>
          <span role={notice.level === 'info' ? 'status' : 'alert'}>{notice.text}</span>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(notice)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  )
}
