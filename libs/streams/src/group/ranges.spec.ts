import { ranges } from './ranges'

it.each([
  [[], ''],
  [[3], '3'],
  [[0, 1, 2, 3, 4, 5, 6, 7], '0-7'],
  [[7, 0, 2, 1, 5], '0-2, 5, 7'],
  [[1, 3], '1, 3'],
])('%j is told as %j', (numbers, text) => expect(ranges(numbers)).toBe(text))
