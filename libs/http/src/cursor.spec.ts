import { decodeCursor, encodeCursor } from './cursor'

const isPlace = (after: string) => after.length > 0
const FILTER = { state: 'down', prefix: 'site/', stale: false }

describe('cursors', () => {
  it('bring back the place they were made of', () => {
    for (const place of ['a', 'größe/東京', '🚀', 'x'.repeat(512)])
      expect(decodeCursor(encodeCursor(place, FILTER), FILTER, isPlace)).toBe(place)
    expect(decodeCursor(undefined, FILTER, isPlace)).toBeUndefined()
  })

  it('do not care for the order of the filter, nor for what is not given', () => {
    const other = { voted: undefined, stale: false, prefix: 'site/', state: 'down' }
    expect(decodeCursor(encodeCursor('x', FILTER), other, isPlace)).toBe('x')
  })

  it.each([{}, { ...FILTER, state: 'up' }, { ...FILTER, stale: true }, { ...FILTER, voted: 'up' }, { state: 'down' }])(
    'are refused under another filter: %j',
    (filter) => {
      expect(() => decodeCursor(encodeCursor('x', FILTER), filter, isPlace)).toThrow('another filter')
    },
  )

  it.each(['', 'a', 'MQ', `${encodeCursor('x', FILTER)}=`, encodeCursor('', FILTER), '_____________w'])(
    'are refused when damaged: %j',
    (cursor) => {
      expect(() => decodeCursor(cursor, FILTER, isPlace)).toThrow('The cursor is invalid')
    },
  )
})
