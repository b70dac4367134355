import { describe, expect, it } from 'vitest'
import type { HistoryLook, ImageId, ToPage } from '../protocol'
import { line, queue, received, run } from './happened'
import { type Action, reduce } from './reduce'

describe('undo and redo', () => {
  const ack = (image: ImageId): Action =>
    received({
      type: 'ack',
      id: 'u',
      seq: 1,
      look: { image, answer: 'positive', counts: false, now: null },
    })
  const redone = (image: ImageId): Action =>
    received({
      type: 'ack',
      id: 'r',
      seq: 2,
      look: { image, answer: 'positive', counts: true, now: null },
    })

  it('bring the image back; the one on the screen comes next', () => {
    expect(line(run(received(queue(1, 6, 7)), ack(5)))).toEqual([5, 6, 7])
  })

  it('lead on when the image on the screen has its answer again', () => {
    expect(line(run(received(queue(1, 6, 7)), ack(5), redone(5)))).toEqual([6, 7])
    expect(line(run(received(queue(1, 6, 7)), redone(5)))).toEqual([6, 7])
  })

  it('of a correction bring the image back with the answer that it has again', () => {
    const look = { image: 5, answer: 'negative', counts: false, now: 'positive' } as const
    const state = run(received(queue(1, 6, 7)), received({ type: 'ack', id: 'u', seq: 1, look }))
    expect([line(state), state.current?.was]).toEqual([[5, 6, 7], 'positive'])
    expect(line(reduce(state, { type: 'left as it was' }))).toEqual([6, 7])
  })

  it('of the answer that was to be corrected ends the correction', () => {
    const look = { seq: 1, image: 6, answer: 'skip', source: 'manual' } as HistoryLook
    const again: Action = { type: 'looked at again', look }
    expect(run(received(queue(1, 7)), again, ack(6)).current?.was).toBeUndefined()
  })

  it('are under way until the server has done or refused them', () => {
    const asked: Action = { type: 'asked', asked: { id: 'u', type: 'undo', at: 1 } }
    const state = run(received(queue(1, 6, 7)), asked)
    expect(state.asked).toHaveLength(1)
    expect(reduce(state, ack(5)).asked).toEqual([])
    const refused: ToPage = {
      type: 'refused',
      id: 'u',
      why: 'there is nothing to undo',
      retry: false,
    }
    const next = reduce(state, received(refused))
    expect([next.asked, line(next)]).toEqual([[], [6, 7]])
    expect(next.notices[0]?.text).toBe('Not done: there is nothing to undo.')
  })

  it('keep their place when the queue that follows an undo arrives', () => {
    const state = run(received(queue(1, 6, 7)), ack(5), received(queue(2, 5, 6, 7)))
    expect(line(state)).toEqual([5, 6, 7])
  })
})
