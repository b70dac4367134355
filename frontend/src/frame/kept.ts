import { keeps } from '../memory'

/** What becomes of answers without a connection; not every browser keeps things. */
export const KEPT = keeps()
  ? 'answers are kept in this browser and sent when it is back, also if you close the page.'
  : 'answers are kept in this page and sent when it is back. Leave it open: this browser keeps nothing.'
