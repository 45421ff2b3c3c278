import { join } from 'node:path'
import { viewToWire, type View } from '@quorate/contracts'
import { type Log, type LogRecord, type OutRecord, partitionOf } from '@quorate/log'
import { describeKafka } from '../broker'
import { KafkaCluster } from './cluster'
import { type App, ROOT } from './harness'
import { eventOf } from './oracle'
import { run } from './process'
import { sequence } from './random'
import { simulate, type SimulatedEvent } from './simulating'
import { readTopic } from './topic-reading'
import { until } from './until'

const REPORTS = 200_000
const OBJECTS = 2_000
const AGENTS = 5
const PARTITIONS = 4

const objectName = (i: number) => `site/${i}`

/** Reports of agents that mostly agree, with enough dissent that majorities change. */
function reports(topic: string): OutRecord[] {
  const random = sequence(2_463_534_242)
  return Array.from({ length: REPORTS }, (_, seq) => {
    const object = objectName(random(OBJECTS))
    const state = random(100) < 70 ? 'up' : random(2) === 0 ? 'down' : 'degraded'
    const value = JSON.stringify({ agent: `agent-${random(AGENTS)}`, state, seq })
    return { topic, partition: partitionOf(object, PARTITIONS), key: object, value }
  })
}

describeKafka('one of two aggregators is killed in the middle of 200,000 reports', () => {
  let cluster: KafkaCluster
  let log: Log
  let survivor: App
  let sink: LogRecord[][]

  beforeAll(async () => {
    cluster = new KafkaCluster()
    const [first, second] = await Promise.all([cluster.start('aggregator', 'one'), cluster.start('aggregator', 'two')])
    survivor = second
    log = await cluster.log()
    await first.client.putPolicy('long', { match: '**', ttl: 86_400, memory: 86_400 })
    await cluster.caughtUp(second)
    expect((await second.client.cluster())['members']).toHaveLength(2)

    const source = reports(cluster.topics.reports)
    let killed: Promise<void> | undefined
    for (let i = 0; i < source.length; i += 2_000) {
      await log.append(source.slice(i, i + 2_000))
      if (i >= REPORTS / 2) killed ??= first.crash()
    }
    await killed
    expect(await first.process.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await cluster.caughtUp(second)
  }, 240_000)
  afterAll(() => cluster?.close(), 60_000)

  it('the sequence of changes of every object is what simulate decides, nothing twice, nothing missing', async () => {
    const source = await readTopic(log, cluster.topics.reports)
    expect(source.flat().filter(({ key }) => key !== null)).toHaveLength(REPORTS)
    const expected = await Promise.all(source.map((records) => simulate(records)))
    const count = expected.reduce((sum, { events }) => sum + events.length, 0)
    expect(count).toBeGreaterThan(10_000)
    // A commit that is acknowledged may become readable a moment later, because Kafka writes its markers afterwards.
    sink = await until('the sink is readable to its end', async () => {
      const records = await readTopic(log, cluster.topics.states)
      return records.flat().length >= count && records
    })
    for (const [partition, { events, rejected }] of expected.entries()) {
      expect(rejected).toEqual([])
      expect(sink[partition]!.map(eventOf)).toEqual(events)
    }
  }, 180_000)

  it('simulate --partition-of reads the same from the topic itself', async () => {
    const { code, process: cli } = await run(process.execPath, {
      args: [
        join(ROOT, 'dist/apps/cli/src/main.js'),
        'simulate',
        '--partition-of',
        cluster.topics.reports,
        '--brokers',
        cluster.brokers.join(','),
      ],
    })
    expect([code, cli.stderr]).toEqual([0, []])
    const lines = cli.stdout.map((line) => JSON.parse(line) as { partition: number; event: SimulatedEvent })
    for (const [partition, records] of sink.entries())
      expect(lines.filter((line) => line.partition === partition).map(({ event }) => event)).toEqual(
        records.map(eventOf),
      )
  }, 60_000)

  it('the state of every object is what simulate shows', async () => {
    const source = await readTopic(log, cluster.topics.reports)
    const shown = new Map<string, unknown>()
    for await (const view of survivor.client.list({ limit: 1000 })) shown.set(view.object, view)
    expect(shown.size).toBe(OBJECTS)
    for (const records of source) {
      const objects = [...new Set(records.flatMap(({ key }) => (key === null ? [] : [key.toString('utf8')])))]
      const { looks } = await simulate(records, objects)
      expect(objects.map((object) => shown.get(object))).toEqual(looks.map((look) => viewToWire(look as View)))
    }
  }, 180_000)

  it('an instance whose data is gone returns the same after its restore, and adds nothing to the sink', async () => {
    const before = new Map<string, unknown>()
    for await (const view of survivor.client.list({ limit: 1000 })) before.set(view.object, view)
    await survivor.process.stop()
    cluster.deleteData('two')
    const again = await cluster.start('aggregator', 'two')
    await cluster.caughtUp(again)
    const after = new Map<string, unknown>()
    for await (const view of again.client.list({ limit: 1000 })) after.set(view.object, view)
    expect(after).toEqual(before)
    const progress = again.process.stderr
      .filter((line) => /restor/.test(line))
      .map((line) => JSON.parse(line) as { restored?: number })
    expect(Math.max(...progress.map(({ restored = 0 }) => restored))).toBeGreaterThan(0)
    const records = await readTopic(log, cluster.topics.states)
    expect(records.map((partition) => partition.length)).toEqual(sink.map((partition) => partition.length))
    await until('the restored instance is live', async () => (await again.call('GET', '/livez')).status === 200)
    await cluster.audited(again)
  }, 150_000)
})
