// How answers are called on the screen and in the live region.

import type { Answer } from '../protocol'

export const NAMES: Record<Answer, string> = { positive: 'yes', negative: 'no', skip: 'skipped' }
