import { LogError, type Position } from '@quorate/log'
import type { SourceRecord } from '@quorate/streams'
import { Readable } from 'node:stream'
import { Intake } from './intake'
import { ArraySplitter, LineSplitter } from './items'

/** Remembers what was appended; `gate` holds each append back until it is let through. */
class Appends {
  batches: (readonly SourceRecord[])[] = []
  most = 0
  offset = 0
  private open = 0
  failAt: number | undefined

  readonly append = async (records: readonly SourceRecord[]): Promise<Position[]> => {
    this.most = Math.max(this.most, ++this.open)
    await new Promise(setImmediate)
    this.open--
    if (this.batches.length === this.failAt) throw new LogError('LOG_UNAVAILABLE', 'no broker')
    this.batches.push(records)
    return records.map(() => ({ topic: 't', partition: 3, offset: this.offset++ }))
  }
  get records() {
    return this.batches.flat()
  }
}
const line = (i: number) => `${JSON.stringify({ object: `o/${i}`, agent: 'a', state: 'up', seq: i })}\n`

describe('taking many reports at once', () => {
  it('appends the good ones as records, in order, and names the others with their place', async () => {
    const appends = new Appends()
    const items = [
      { object: 'x', agent: 'a', state: 'up', evidence: { n: 1 } },
      { object: 'x', agent: 'a', state: 'UP' },
      { agent: 'a', state: 'up' },
      3,
      { object: '', agent: 'a', state: 'up' },
      { object: 'y', agent: 'b', state: 'down', observedAt: '2023-11-14T22:13:20Z', type: 'report', ttl: null },
      { object: 'y', agent: 'b', state: 'down', type: 'object-deleted' },
      { object: 'y', agent: 'b', state: 'down', observedAt: 'noon' },
    ]
    const taken = await new Intake(appends.append).take(
      Readable.from([Buffer.from(JSON.stringify(items))]),
      new ArraySplitter(),
    )
    expect(appends.records).toEqual([
      { key: 'x', value: '{"agent":"a","state":"up","evidence":{"n":1}}', headers: [] },
      { key: 'y', value: '{"agent":"b","state":"down","observedAt":1700000000000}', headers: [] },
    ])
    expect(taken.accepted).toBe(2)
    expect(taken.rejected.map(({ index }) => index)).toEqual([1, 2, 3, 4, 6, 7])
    expect(taken.rejected[0]!.reason).toContain('/state')
    expect(taken.rejected[1]!.reason).toBe('/object: missing')
    expect([...taken.positions]).toEqual([[3, 1]])
  })

  it('holds no more than two batches, and one append at a time', async () => {
    const appends = new Appends()
    const total = 30_000
    let made = 0
    let most = 0
    const body = Readable.from(
      (function* () {
        for (let i = 0; i < total; i += 100) {
          made += 100
          most = Math.max(most, made - appends.records.length)
          yield Buffer.from(Array.from({ length: 100 }, (_, j) => line(i + j)).join(''))
        }
      })(),
    )
    const { accepted } = await new Intake(appends.append).take(body, new LineSplitter())
    expect(accepted).toBe(total)
    expect(appends.records.map(({ key }) => key)).toEqual(Array.from({ length: total }, (_, i) => `o/${i}`))
    expect(appends.most).toBe(1)
    expect(most).toBeLessThan(10_000)
  })

  it('does not take it for a slow sender when the log is slow, and tells a slow one without cutting it off', async () => {
    const idleMs = 40
    const appends = new Appends()
    const slowly = async (records: readonly SourceRecord[]) => {
      await new Promise((resolve) => setTimeout(resolve, 3 * idleMs))
      return appends.append(records)
    }
    const lines = (from: number) => Buffer.from(Array.from({ length: 2_000 }, (_, i) => line(from + i)).join(''))
    const body = Readable.from([lines(0), lines(2_000), lines(4_000)])
    expect(await new Intake(slowly, { idleMs }).take(body, new LineSplitter())).toMatchObject({ accepted: 6_000 })
    const slow = new Readable({ read: () => undefined })
    slow.push(lines(0))
    await expect(new Intake(appends.append, { idleMs }).take(slow, new LineSplitter())).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('The first 2000 good reports were accepted'),
      headers: { connection: 'close' },
    })
    expect(slow.destroyed).toBe(false)
  })

  it('lists a bounded number of rejections and counts the others', async () => {
    const taken = await new Intake(new Appends().append).take(
      Readable.from([Buffer.from('1\n'.repeat(10_005))]),
      new LineSplitter(),
    )
    expect([taken.accepted, taken.rejected.length, taken.unlisted]).toEqual([0, 10_000, 5])
  })

  it('passes on that the log is away when nothing was written', async () => {
    const appends = new Appends()
    appends.failAt = 0
    await expect(
      new Intake(appends.append).take(Readable.from([Buffer.from(line(1))]), new LineSplitter()),
    ).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
  })

  it('says how many were accepted when it breaks off later', async () => {
    const appends = new Appends()
    appends.failAt = 1
    const lines = Buffer.from(Array.from({ length: 5_000 }, (_, i) => line(i)).join(''))
    await expect(new Intake(appends.append).take(Readable.from([lines]), new LineSplitter())).rejects.toMatchObject({
      code: 'outcome-unknown',
      message: expect.stringContaining('The first 2000 good reports were accepted'),
    })
    const array = Buffer.from(`[${Array.from({ length: 3_000 }, (_, i) => line(i).trim()).join(',')}`)
    await expect(
      new Intake(new Appends().append).take(Readable.from([array]), new ArraySplitter()),
    ).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('The first 2000 good reports were accepted'),
    })
  })
})
