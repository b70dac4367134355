import { describe, expect, it } from 'vitest'
import { received, run } from './happened'
import type { Action } from './reduce'

describe('notices', () => {
  const notice = (text: string): Action => received({ type: 'notice', level: 'warning', text })

  it('stand once, the newest four', () => {
    const state = run(...['a', 'b', 'a', 'c', 'd', 'e', 'd'].map(notice))
    expect(state.notices.map(({ text }) => text)).toEqual(['a', 'c', 'e', 'd'])
  })
})
