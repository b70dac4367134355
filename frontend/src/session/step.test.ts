import { describe, expect, it } from 'vitest'
import type { Finish, ToPage } from '../protocol'
import { received, run } from './happened'
import { type Action, reduce } from './reduce'
import { initial, type Step } from './state'

describe('a step of many labels', () => {
  const finish = { thresholds: { above: 0.9, below: null }, steps: [] } as unknown as Finish
  const opened: Action = { type: 'finish opened' }
  const closed: Action = { type: 'finish closed' }
  const told = received({ type: 'finish', ...finish })
  const thresholds = { above: 0.9, below: null }
  const step: Step = {
    message: { type: 'finish', id: 'f', thresholds },
    labels: 40,
    after: 2,
    came: null,
  }
  const asked: Action = { type: 'step asked', step }
  const ack: Action = received({ type: 'ack', id: 'f', seq: 9, look: null })
  const refused: Action = received({ type: 'refused', id: 'f', why: 'it is full', retry: false })

  it('is told of while the dialogue is open, and nothing stays of it', () => {
    expect(run(told).finish).toBeNull()
    expect(run(opened, told).finish).toMatchObject(finish)
    expect(run(opened, told, closed)).toEqual(initial)
  })

  it('is under way until it is acknowledged', () => {
    const state = run(opened, asked)
    expect(state.step).toEqual(step)
    expect(reduce(state, ack).step?.came).toEqual({ done: true })
    expect(run(opened, asked, ack, closed).step).toBeNull()
    const other = received({ type: 'ack', id: 'x', seq: 9, look: null })
    expect(reduce(state, other).step).toEqual(step)
  })

  it('goes on when the dialogue is closed, and is there when it is opened again', () => {
    const away = run(opened, asked, closed)
    expect([away.finishing, away.step]).toEqual([false, step])
    expect(reduce(reduce(away, opened), ack).step?.came).toEqual({ done: true })
    // The server's own notice tells of it.
    expect([reduce(away, ack).step, reduce(away, ack).notices]).toEqual([null, []])
  })

  it('is refused where the person is', () => {
    const inside = run(opened, asked, refused)
    expect([inside.step?.came, inside.notices]).toEqual([{ why: 'it is full' }, []])
    const outside = run(opened, asked, closed, refused)
    expect(outside.step).toBeNull()
    expect(outside.notices[0]?.text).toBe('Not done: it is full.')
  })

  it('belongs to its session', () => {
    const welcome = (session: string) =>
      received({ type: 'welcome', session, question: '?' } as ToPage)
    const state = run(welcome('s'), opened, told, asked, welcome('t'))
    expect([state.finishing, state.finish, state.step]).toEqual([true, null, null])
    expect(run(welcome('s'), opened, told, asked, welcome('s')).step).toEqual(step)
  })
})
