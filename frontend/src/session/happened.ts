// What happened to a page, and the line of pictures that it has then, as tests tell it.

import type { Answer, ImageId, Source, ToPage } from '../protocol'
import { type Action, reduce } from './reduce'
import { initial, type State } from './state'

export const queue = (ranking: number, ...images: ImageId[]): ToPage => ({
  type: 'queue',
  ranking,
  behind: 0,
  items: images.map((image) => ({ image, probability: image / 100 })),
})
export const received = (message: ToPage): Action => ({ type: 'received', message })
export const answered = (id: string, answer: Answer, source: Source = 'manual'): Action => ({
  type: 'answered',
  id,
  answer,
  source,
  shownMs: 1,
  at: 1,
  hold: source === 'timeout',
})
export const run = (...actions: Action[]): State => actions.reduce(reduce, initial)
export const line = ({ current, upcoming }: State) =>
  [current, ...upcoming].map((shown) => shown?.image)
