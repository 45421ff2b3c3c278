import { faultyLog, type FaultKind } from '@quorate/log/testing'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { until } from '../../testing/until'
import { AT_ONCE, type Routing } from '../pipeline'

const objects = (count: number) => Array.from({ length: count }, (_, i) => `o${i}`)
const one: Routing = { receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }
const broken = (): never => {
  throw new Error('on purpose')
}

jest.setTimeout(30_000)

describe('faults of our own', () => {
  let channel: RecordingChannel
  let sink: Sink
  beforeEach(() => {
    channel = new RecordingChannel()
    sink = new Sink()
  })
  const started = async (bench: Bench) => {
    bench.clock.moveTo(T0)
    await bench.start()
    return bench
  }
  const emptied = (bench: Bench) =>
    until(
      () => bench.outbox().length,
      (n) => n === 0,
    )

  it('a submission that throws right behind a commit leaves nothing unannounced in the outbox', async () => {
    await using bench = await started(await Bench.open(one, channel))
    await bench.driver.pipe(...objects(300).map((object) => sink.changed(object, 'down', T0)))
    let applied = false
    const breaking = bench.tasks().map(async (task) => {
      // One of these comes between the commit of what is planned and its announcement.
      while (!applied) {
        await task.submit(broken).catch(() => undefined)
        await new Promise(setImmediate)
      }
    })
    await bench.driver.settle()
    applied = true
    await Promise.all(breaking)
    await emptied(bench)
    expect(channel.received.map(({ id }) => id)).toHaveLength(300)
    expect(new Set(channel.received.map(({ id }) => id)).size).toBe(300)
  })

  it.each<FaultKind>(['unavailable', 'unknown-lost', 'unknown-durable', 'stale-member'])(
    'commits that fail (%s) lose no delivery and change no id',
    async (kind) => {
      const log = faultyLog(await openEmbeddedLog({ memory: true }), [])
      await using bench = await started(await Bench.openOn({ log }, one, channel))
      const changes = (state: string) => objects(40).map((object) => sink.changed(object, state, T0))
      for (const after of [1, 3, 6]) log.inject({ kind, commit: log.commits + after })
      for (const state of ['down', 'up', 'down']) await bench.driver.pipe(...changes(state))
      await bench.driver.settle()
      await until(
        () => new Set(channel.received.map(({ id }) => id)).size,
        (n) => n === 120,
      )
      await until(
        () =>
          bench.driver
            .streams()
            .tasks()
            .every((task) => task.state === 'running') && bench.outbox().length,
        (n) => n === 0,
      )
      expect(log.commits).toBeGreaterThan(6)
      for (const object of objects(40)) {
        const told = channel.told().filter((line) => line.startsWith(`${object} `))
        expect([...new Set(told)]).toEqual([`${object} ->down`, `${object} down>up`, `${object} up>down`])
      }
    },
  )

  it('an outcome that cannot be written is written later, and what was sent is not sent again', async () => {
    const rules: Routing = {
      receivers: [{ ...receiver('ops'), fallback: 'net' }, receiver('net')],
      root: { ...AT_ONCE, receiver: 'ops' },
    }
    await using bench = await started(await Bench.open(rules, channel))
    const [task] = bench.tasks()
    // The outcome of this delivery tells the fallback, for which it reads the object's row: and that is no row.
    let whole: Buffer | undefined
    channel.answer = async (_, endpoint) => {
      if (endpoint !== 'ops') return { kind: 'delivered' }
      whole ??= await task!.submit((context) => {
        const before = context.table('objects').get('x')!
        context.table('objects').put('x', Buffer.from('{'))
        return before
      })
      return { kind: 'gone', reason: 'http-410' }
    }
    await bench.driver.pipe({ ...sink.changed('x', 'down', T0), partition: 0 })
    await bench.driver.settle()
    await until(
      () => bench.notifier().courier.unwritten,
      (n) => n === 1,
    )
    await bench.advance(1)
    expect(bench.notifier().courier.unwritten).toBe(1)
    await task!.submit((context) => context.table('objects').put('x', whole!))
    await bench.advance(2)
    expect(bench.notifier().courier.unwritten).toBe(0)
    expect(channel.received.map(({ endpoint, message }) => [endpoint, message.kind])).toEqual([
      ['ops', 'change'],
      ['net', 'notice'],
    ])
    expect(bench.outbox()).toEqual([])
    expect(bench.decisions('x').map(({ endpoint, status }) => [endpoint, status])).toEqual([
      ['net', 'delivered'],
      ['ops', 'dead'],
    ])
  })

  it('an outcome that could not be written goes with its task, and its successor sends again with the same id', async () => {
    await using bench = await started(await Bench.open(one, channel))
    const [task] = bench.tasks()
    let page: { key: string; value: Buffer } | undefined
    channel.answer = async () => {
      page ??= await task!.submit((context) => {
        const [first] = context.table('history').range()
        context.cache = undefined
        context.table('history').put(first!.key, Buffer.from('{'))
        return first!
      })
      return { kind: 'delivered' }
    }
    await bench.driver.pipe({ ...sink.changed('x', 'down', T0), partition: 0 })
    await bench.driver.settle()
    await until(
      () => bench.notifier().courier.unwritten,
      (n) => n === 1,
    )
    await task!.submit((context) => context.table('history').put(page!.key, page!.value))
    await bench.driver.stop()
    await bench.start()
    await emptied(bench)
    const [first, second, ...more] = channel.received
    expect([second?.id, more.length]).toEqual([first!.id, 0])
    expect(bench.decisions('x')).toMatchObject([{ status: 'delivered', attempts: 1 }])
  })
})
