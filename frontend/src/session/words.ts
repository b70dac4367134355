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
