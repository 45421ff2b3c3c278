import { newBallots, Settings } from '@quorate/vote'
import { HotObject } from './hot-object'
import { HotObjects } from './hot-objects'
import { decodeObject, encodeObject } from './object-codec'

const settings = new Settings()
const made = (id: string): HotObject => {
  const inForce = settings.policyOf(id)
  return new HotObject(id, 7, 1000, inForce, newBallots(inForce))
}
const unpack = (id: string, bytes: Buffer, start: number): HotObject => decodeObject(id, bytes, start, settings)
const objects = (most = 1 << 20): HotObjects => new HotObjects(most, unpack)
const rest = (hot: HotObjects, object: HotObject): void => hot.rest(object, encodeObject(object))

describe('objects cached between batches', () => {
  it('packs an object that was used once, and decodes it again from its bytes', () => {
    const hot = objects()
    const a = made('a')
    hot.set(a)
    a.voted = 'up'
    rest(hot, a)
    const again = hot.get('a')!
    expect(again).not.toBe(a)
    expect(again).toMatchObject({ id: 'a', incarnation: 7, createdAt: 1000, voted: 'up' })
    expect(hot.get('a')).toBe(again)
  })

  it('keeps an object decoded that was used again, with a head of its own', () => {
    const hot = objects()
    const a = made('a')
    hot.set(a)
    hot.set(made('b'))
    expect(hot.get('a')).toBe(a)
    rest(hot, a)
    expect(hot.get('a')).toBe(a)
    expect(a.head!.length).toBe(a.headEnd)
  })

  it('still reads what was packed before the buffer grew', () => {
    const hot = objects(1 << 30)
    const ids = Array.from({ length: 2000 }, (_, i) => `object ${i}`)
    for (const id of ids) {
      const object = made(id)
      object.voted = `s${id.slice(7)}`
      hot.set(object)
      rest(hot, object)
    }
    for (const id of ids) expect(hot.get(id)!.voted).toBe(`s${id.slice(7)}`)
  })

  it('drops what was not used for two generations, and nothing else', () => {
    const hot = objects(0)
    for (const id of ['a', 'b']) {
      const object = made(id)
      hot.set(object)
      rest(hot, object)
    }
    hot.trim()
    expect(hot.get('a')).toBeDefined()
    hot.trim()
    expect(hot.get('a')).toBeDefined()
    expect(hot.get('b')).toBeUndefined()
  })

  it('forgets a deleted object, packed or not', () => {
    const hot = objects()
    const a = made('a')
    hot.set(a)
    rest(hot, a)
    hot.delete('a')
    expect(hot.get('a')).toBeUndefined()
  })
})
