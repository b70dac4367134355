// Numbers as a file that other programs read (RFC 4180). Pure.

/** A head, and a line a row: numbers in full, nothing for none. */
export function csv(head: string[], rows: (number | null)[][]): string {
  const lines = [head.map(quoted), ...rows.map((row) => row.map((cell) => String(cell ?? '')))]
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

/** In quotes where it would be misread without. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
