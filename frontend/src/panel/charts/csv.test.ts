import { expect, it } from 'vitest'
import { csv } from './csv'

it('writes a head and a line a row, each ended as the standard says', () => {
  expect(
    csv(
      ['looks', 'loss (nats)'],
      [
        [1, 0.5],
        [2, 0.25],
      ],
    ),
  ).toBe('looks,loss (nats)\r\n1,0.5\r\n2,0.25\r\n')
})

it('quotes what would be misread', () => {
  expect(csv(['chance, at least', 'a "b"', 'two\nlines'], [])).toBe(
    '"chance, at least","a ""b""","two\nlines"\r\n',
  )
})

it('leaves empty what is not there, and nought is there', () => {
  expect(csv(['a', 'b'], [[0, null]])).toBe('a,b\r\n0,\r\n')
})

it('writes numbers in full', () => {
  const numbers = [1 / 3, 12_345_678, 1e-9, 0.1 + 0.2]
  const read = csv(['a', 'b', 'c', 'd'], [numbers]).split('\r\n')[1]?.split(',').map(Number)
  expect(read).toEqual(numbers)
})
