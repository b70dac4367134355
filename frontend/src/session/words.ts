// How answers and those who gave them are called on the screen and in the live region.

import type { Answer, Source } from '../protocol'

export const NAMES: Record<Answer, string> = { positive: 'yes', negative: 'no', skip: 'skipped' }

export const SOURCES: Record<Source, string> = {
  manual: 'by key',
  timeout: 'when the time was up',
  imported: 'imported',
  model: 'by the model',
  audit: 'in an audit',
}

/** Whose answer an image has. */
export function whose(by: Source | undefined): string {
  if (by === 'model') return "The model's label"
  return by === 'imported' ? 'The imported label' : 'Your answer'
}
