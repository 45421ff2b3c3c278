import { LIMITS } from '@quorate/contracts'
import { partitionOf } from '@quorate/log'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { RecordingChannel } from '../../testing/recording-channel'
import type { GroupMessage } from '../outbox/message'
import { AT_ONCE, type RouteInput, type Routing } from '../pipeline'

const s = (seconds: number) => T0 + seconds * 1000
const rules = (root: Partial<RouteInput> = {}): Routing => ({
  receivers: [
    {
      name: 'ops',
      endpoints: [
        { name: 'mail', channel: 'mail', settings: { endpoint: 'mail' } },
        { name: 'hook', channel: 'hook', settings: { endpoint: 'hook' } },
      ],
    },
  ],
  root: { receiver: 'ops', groupBy: ['policy'], ...root },
})

async function open(routing: Routing) {
  const [mail, hook] = [new RecordingChannel('mail', true), new RecordingChannel('hook')]
  const bench = await Bench.open(routing, mail, hook)
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, mail, hook, sink: new Sink() }
}
const groups = (channel: RecordingChannel) => channel.received.map(({ message }) => message as GroupMessage)

describe('groups', () => {
  it('list of large views as many as a row takes, and count the others', async () => {
    const { bench, mail, sink } = await open(rules())
    await using _ = bench
    // The longest reason, every character of it six bytes of JSON.
    const override = {
      state: 'down',
      reason: '\u0001'.repeat(4_096),
      author: '\u0001'.repeat(1_024),
      expiresAt: null,
      mode: 'pin',
    } as const
    for (let i = 0; i < 60; i++)
      await bench.pipe(sink.changed(`site/${i}`, 'down', s(0), { override, cause: 'override' }))
    for (const seconds of [10, 1, 1]) await bench.advance(seconds)
    const [group] = groups(mail)
    expect(group!.total).toBe(60)
    expect(group!.changes.length).toBeGreaterThanOrEqual(5)
    expect(Buffer.byteLength(JSON.stringify(group))).toBeLessThan(LIMITS.rowBytes)
  })

  it('N05: 500 objects that go down within 3 s are one mail, its list cut with a count; others get a message each', async () => {
    const { bench, mail, hook, sink } = await open(rules())
    await using _ = bench
    for (let second = 0; second < 3; second++) {
      const some = Array.from({ length: 167 }, (_, i) => `site/${second * 167 + i}`).filter((_, i) => second * 167 + i < 500)
      await bench.pipe(...some.map((object) => sink.changed(object, 'down', s(second))))
      await bench.advance(1)
    } // prettier-ignore
    await bench.advance(6.999)
    expect(mail.received).toEqual([])
    await bench.advance(0.001)
    await bench.advance(1)
    await bench.advance(1)
    expect(groups(mail)).toMatchObject([{ kind: 'group', total: 500, labels: { policy: 'default' } }])
    expect(groups(mail)[0]!.changes).toHaveLength(100)
    expect(new Set(hook.told()).size).toBe(500)
    await bench.advance(3600)
    expect(mail.received).toHaveLength(1)
    expect(bench.outbox()).toEqual([])
    const within = new Set(bench.decisions().flatMap((row) => (row.endpoint === 'mail' && row.within) || []))
    const sent = bench.decisions().filter(({ endpoint, status }) => endpoint === 'mail' && status === 'delivered')
    expect(sent.map(({ id }) => id).sort()).toEqual([...within].sort())
  })

  it('are sent again with the same id and the same content, also after a restart', async () => {
    const { bench, mail, sink } = await open(rules())
    await using _ = bench
    mail.answer = () => ({ kind: 'retry', reason: '451' })
    await bench.pipe(...Array.from({ length: 20 }, (_, i) => sink.changed(`o${i}`, 'down', s(0))))
    for (let i = 0; i < 12; i++) await bench.advance(1)
    expect(groups(mail)).toMatchObject([{ total: 20 }])
    await bench.notifier().close()
    await bench.driver.stop()
    await bench.start()
    mail.answer = () => ({ kind: 'delivered' })
    await bench.advance(60)
    expect(groups(mail)).toHaveLength(2)
    expect(mail.received[1]!.id).toBe(mail.received[0]!.id)
    expect(groups(mail)[1]).toEqual(groups(mail)[0])
  })

  it('wait for groupInterval after a message, and then tell what is different', async () => {
    const { bench, mail, sink } = await open(rules())
    await using _ = bench
    await bench.pipe(sink.changed('a', 'down', s(0)), sink.changed('b', 'down', s(0)))
    for (let i = 0; i < 12; i++) await bench.advance(1)
    await bench.pipe(sink.changed('a', 'up', s(12)), sink.changed('c', 'down', s(12)), sink.changed('d', 'down', s(12)))
    await bench.pipe(sink.changed('d', 'up', s(13)))
    await bench.advance(57.999)
    expect(mail.received).toHaveLength(1)
    for (let i = 0; i < 4; i++) await bench.advance(1)
    const told = groups(mail)
      .slice(1)
      .flatMap(({ changes }) => changes.map(({ object, state }) => `${object} ${state}`))
    expect(told.sort()).toEqual(['a up', 'c down'])
  })

  it('of one object each are told at once when their time has come', async () => {
    const { bench, mail, sink } = await open(rules({ groupBy: ['object'] }))
    await using _ = bench
    await bench.pipe(sink.changed('a', 'down', s(0)), sink.changed('b', 'down', s(0)))
    await bench.advance(10)
    expect(mail.told().sort()).toEqual(['a ->down', 'b ->down'])
  })
})

describe('a group whose changes go behind deliveries of other lanes', () => {
  /** Objects of one partition: each partition fills a message of its own. */
  const objects = (count: number) =>
    Array.from({ length: 4 * count }, (_, i) => `o/${i}`).filter((object) => partitionOf(object, 2) === 0).slice(0, count) // prettier-ignore
  const alone: Partial<RouteInput> = { ...AT_ONCE, quiet: ['up'], groupBy: ['object'] }

  /**
   * Each object's alarm waits at an endpoint that is out of reach; then a route that gathers tells their recoveries.
   */
  async function gathered(names: readonly string[]) {
    const scene = await open(rules(alone))
    const { bench, mail, sink } = scene
    mail.answer = () => ({ kind: 'retry', reason: 'ECONNREFUSED' })
    await bench.pipe(...names.map((object) => sink.changed(object, 'down', s(0))))
    await bench.configure({ root: { ...rules(alone).root, groupBy: ['policy'], groupWait: 5 } })
    await bench.pipe(...names.map((object) => sink.changed(object, 'up', s(1))))
    for (let i = 0; i < 8; i++) await bench.advance(1)
    return scene
  }
  const behind = (bench: Bench) =>
    bench.outbox().flatMap(({ message, after }) => (message.kind === 'group' ? [after?.length ?? 0] : []))

  it.each([
    [LIMITS.groupBehind, [LIMITS.groupBehind]],
    [LIMITS.groupBehind + 1, [LIMITS.groupBehind, 1]],
    [2 * LIMITS.groupBehind + 1, [LIMITS.groupBehind, LIMITS.groupBehind, 1]],
  ])('is a message for every hundred of them: %i', async (count, expected) => {
    const names = objects(count)
    const { bench, mail } = await gathered(names)
    await using _ = bench
    expect(behind(bench)).toEqual(expected)
    mail.answer = () => ({ kind: 'delivered' })
    const tried = mail.received.length
    await bench.advance(3600)
    for (let i = 0; i < 40; i++) await bench.advance(1)
    expect(bench.outbox()).toEqual([])
    const told = mail.received.slice(tried).map(({ message }) => message)
    const recoveries = told.flatMap((message) => (message.kind === 'group' ? message.changes.map(({ object }) => object) : [])) // prettier-ignore
    expect(recoveries.sort()).toEqual([...names].sort())
    for (const [i, message] of told.entries())
      if (message.kind === 'change') {
        const itsEnd = told.findIndex((one) => one.kind === 'group' && one.changes.some(({ object }) => object === message.object)) // prettier-ignore
        expect(itsEnd).toBeGreaterThan(i)
      }
  })

  it('counts bytes as well: long names fill a message sooner', async () => {
    // Each quote takes two bytes in JSON.
    const names = objects(200).map((object) => `${object}/`.padEnd(500, '"')).filter((object) => partitionOf(object, 2) === 0) // prettier-ignore
    const { bench } = await gathered(names)
    await using _ = bench
    const lists = bench.outbox().flatMap(({ message, after }) => (message.kind === 'group' ? [after!] : []))
    expect(names.length).toBeLessThan(LIMITS.groupBehind * lists.length)
    expect(lists.length).toBeGreaterThan(1)
    for (const list of lists)
      expect(Buffer.byteLength(JSON.stringify(list))).toBeLessThanOrEqual(LIMITS.groupBehindBytes)
    expect(lists.flat()).toHaveLength(names.length)
  })
})
