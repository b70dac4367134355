import { expect, it } from 'vitest'
import { clock, dateTime, lookOf, momentOf, nearest, pauseOf, times } from './words'

const moment = (seq: number) => ({ seq, time_us: 1_700_000_000_000_000, looks: 12_345 })

it('tells a moment by its looks and by the clock on the wall', () => {
  expect(lookOf(moment(1), 100_000)).toBe('look 12\u202f345 of 100\u202f000')
  expect(clock(1_700_000_000_000_000)).toMatch(/^2023-11-1[45] \d\d:13:20$/)
  expect(momentOf(moment(1), 20_000)).toMatch(/^look 12\u202f345 of 20\u202f000, 2023-11-1/)
})

it('knows no time that no calendar has', () => {
  expect(dateTime(1_700_000_000_000_000)).toBe('2023-11-14T22:13:20.000Z')
  expect([dateTime(8.64e18), clock(8.64e18)]).toEqual([expect.any(String), expect.any(String)])
  for (const never of [8.65e18, 2 ** 64])
    expect([dateTime(never), clock(never)]).toEqual([undefined, 'unknown time'])
  expect(momentOf({ ...moment(1), time_us: 2 ** 64 }, 20_000)).toMatch(/, unknown time$/)
})

it('tells how fast it is, and which pause is shortened', () => {
  expect([0.5, 8, 1000].map(times)).toEqual(['0.5×', '8×', '1000×'])
  expect(pauseOf(600)).toBe('A pause of 10 min 0 s, shortened')
})

it('finds the nearest moment that is told', () => {
  const moments = [0, 10, 20].map(moment)
  expect([-5, 4, 5, 6, 99].map((seq) => nearest(moments, seq)?.seq)).toEqual([0, 0, 0, 10, 20])
  expect(nearest([], 3)).toBeNull()
})
