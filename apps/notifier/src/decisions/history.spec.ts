import { LIMITS } from '@quorate/contracts'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { AT_ONCE, type Routing } from '../pipeline'

const DAY = 86_400
const rules: Routing = { receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }
const s = (seconds: number) => T0 + seconds * 1000

describe('the history of decisions', () => {
  let bench: Bench
  let sink: Sink
  let channel: RecordingChannel
  beforeEach(async () => {
    channel = new RecordingChannel()
    bench = await Bench.open(rules, channel)
    bench.clock.moveTo(T0)
    await bench.start()
    sink = new Sink()
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  /** The object changes `count` times, a second apart. */
  const change = async (object: string, count: number) => {
    for (let i = 0; i < count; i++) {
      await bench.pipe(sink.changed(object, i % 2 === 0 ? 'down' : 'up', bench.clock.now()))
      await bench.advance(1)
    }
  }
  const revisions = (object: string) => bench.decisions(object).map(({ event }) => Number(event.split('.').at(-1)))
  const newestFirst = (count: number) => Array.from({ length: count }, (_, i) => count - i)

  it('of an object is complete and newest first, however long it grows, and after its disk is lost', async () => {
    await change('x', 70)
    expect(revisions('x')).toEqual(newestFirst(70))
    expect(bench.rows('by-object').length).toBeGreaterThan(0)
    await bench.driver.stop()
    bench.driver.loseDisk()
    await bench.start()
    expect(revisions('x')).toEqual(newestFirst(70))
    expect(bench.decisions('x').every((row) => row.status === 'delivered' && row.attempts === 1)).toBe(true)
  })

  it('packs what is decided at one moment, lists it by id, and knows what became of each', async () => {
    const objects = Array.from({ length: 100 }, (_, i) => `o${i}`)
    await bench.pipe(...objects.map((object) => sink.changed(object, 'down', s(0))))
    expect(bench.rows('history').length).toBeLessThan(20)
    for (const task of bench.tasks()) {
      const ids = bench
        .decisions()
        .filter((row) => bench.driver.streams().partitionOf(row.object) === task.partition)
        .map(({ id }) => id)
      expect(ids).toEqual([...ids].sort())
    }
    for (const object of objects) expect(bench.decisions(object)).toMatchObject([{ object, status: 'delivered' }])
  })

  it('goes a week after it is settled, page by page, with its index', async () => {
    await change('x', 40)
    await bench.advance(6 * DAY)
    await change('x', 1)
    expect(bench.decisions('x')).toHaveLength(41)
    await bench.advance(2 * DAY)
    expect(bench.decisions('x')).toHaveLength(1)
    await bench.advance(14 * DAY)
    expect([...bench.rows('history'), ...bench.rows('by-object')]).toEqual([])
  })

  it('cuts what an endpoint says of a failed attempt, so that a page fits in a row', async () => {
    const said = (length: number) => ({ kind: 'dead', reason: 'r'.repeat(length), note: 'n'.repeat(length) }) as const
    const most = LIMITS.attemptTextBytes
    channel.answer = ({ message }) => said('object' in message && message.object === 'x' ? most : most + 1)
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.changed('y', 'down', s(0)))
    const texts = (object: string) =>
      bench.decisions(object).map(({ reason, lastAttempt }) => [reason, lastAttempt!.outcome, lastAttempt!.note])
    expect(texts('x')).toEqual([['r'.repeat(most), 'r'.repeat(most), 'n'.repeat(most)]])
    const cut = (letter: string) => `${letter.repeat(most - 3)}…`
    expect(texts('y')).toEqual([[cut('r'), cut('r'), cut('n')]])
  })
})
