import { expect, it } from 'vitest'
import { covering, isOriginal, larger } from './detail'

const reduced = { width: 1536, height: 2048 }

it('covers a screen with the smallest size that does', () => {
  expect([800, 1024, 1025, 2532, 4096, 9000].map(covering)).toEqual([
    1024, 1024, 1536, 3072, 4096, 4096,
  ])
})

it('knows an original by being smaller than what was asked for', () => {
  expect(isOriginal(2048, { width: 2047, height: 30 })).toBe(true)
  expect(isOriginal(2048, reduced)).toBe(false)
  expect(isOriginal('original', { width: 9000, height: 9000 })).toBe(true)
})

it('asks for more only when it would be seen, and for enough', () => {
  expect(larger(2048, reduced, 2048)).toBeNull()
  expect(larger(2048, reduced, 2049)).toBe(3072)
  expect(larger(2048, reduced, 4097)).toBe('original')
  expect(larger(4096, { width: 4096, height: 10 }, 5000)).toBe('original')
})

it('never asks for more than there is', () => {
  expect(larger(2048, { width: 600, height: 400 }, 60_000)).toBeNull()
  expect(larger('original', { width: 9000, height: 400 }, 60_000)).toBeNull()
})
