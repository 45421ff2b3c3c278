import { encodeChange, LIMITS } from '@quorate/contracts'
import { T0, view } from '../../testing/changes'
import { readChange } from './sink-record'

/** A view with a member of a later version: so many lists in each other, or beside each other. */
function recordWith(member: string): Parameters<typeof readChange>[0] {
  const data = view('site/x', 'down')
  const { key, value, headers } = encodeChange({ type: 'object.changed', id: 'site/x@0.1', time: T0, subject: 'site/x', data }, '/q') // prettier-ignore
  return {
    partition: 0, offset: 0, timestamp: T0, key: Buffer.from(key),
    value: Buffer.from(`${value!.slice(0, -1)},"later":${member}}`),
    headers: headers.map(([name, text]) => [name, Buffer.from(text)]),
  } as unknown as Parameters<typeof readChange>[0] // prettier-ignore
}
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('a view of a later version', () => {
  it('is taken as deep as the limit, and not one deeper', () => {
    // The view is the first of the levels.
    const most = LIMITS.jsonDepth - 1
    expect(readChange(recordWith(nested(most))).reject).toBeUndefined()
    expect(readChange(recordWith(nested(most + 1))).reject).toMatch(/nested more than 64 deep/)
    expect(readChange(recordWith(nested(most + 1).replaceAll('[', '{"a":').replaceAll(']', '}').replace(':}', ':1}'))).reject).toMatch(/nested/) // prettier-ignore
  })

  it('is taken with any number of lists beside each other', () => {
    expect(readChange(recordWith(`[${Array(500).fill('[]').join()}]`)).reject).toBeUndefined()
  })
})
