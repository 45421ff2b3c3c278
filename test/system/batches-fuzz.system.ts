import { readFileSync } from 'node:fs'
import { partitionOf } from '@quorate/log'
import fc from 'fast-check'
import { type Codec, compressedBatch, recordBytes } from '../../libs/log/kafka/testing/batches'
import { produceBatch } from '../../libs/log/kafka/testing/produce-batch'
import { fuzzing } from '../../libs/streams/testing/fuzzing'
import { describeKafka } from '../broker'
import { KafkaCluster } from './cluster'
import type { App } from './harness'
import { until } from './until'

/**
 * Peak memory of a process, in MiB: about 150 at rest, one full batch of 128 MiB at a time, and what its decoder needs.
 */
const MOST_RESIDENT = 900
const PARTITIONS = 4
const MIB = 1 << 20

/** A batch that any producer may write: its codec, how many records, and what they hold. */
interface Batch {
  readonly topic: 'reports' | 'states' | 'settings' | 'aggregator' | 'notifier'
  readonly partition: number
  readonly codec: Codec
  readonly count: number
  readonly bytes: number
  readonly kind: 'zeros' | 'noise' | 'reports' | 'nulls'
  /** How many bytes of the compressed records are cut off. */
  readonly cut: number
}

const few = fc.integer({ min: 1, max: 20 })
const batch: fc.Arbitrary<Batch> = fc
  .record({
    topic: fc.constantFrom<Batch['topic']>('reports', 'reports', 'states', 'settings', 'aggregator', 'notifier'),
    partition: fc.integer({ min: 0, max: PARTITIONS - 1 }),
    codec: fc.constantFrom<Codec>('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    size: fc.oneof(
      fc.record({ count: few, bytes: fc.integer({ min: 0, max: 40_000 }) }),
      fc.record({ count: fc.integer({ min: 500, max: 20_000 }), bytes: fc.integer({ min: 0, max: 200 }) }),
      fc.record({ count: few, bytes: fc.constantFrom(MIB, 5 * MIB, 15 * MIB) }),
      fc.record({ count: fc.constant(1), bytes: fc.constantFrom(100 * MIB, 130 * MIB, 300 * MIB) }),
    ),
    kind: fc.constantFrom<Batch['kind']>('zeros', 'noise', 'reports', 'nulls'),
    cut: fc.constantFrom(0, 0, 0, 1, 7),
  })
  .map(({ size, ...rest }) => ({ ...rest, ...size }))

function contentOf({ kind, count, bytes }: Batch, n: number): Buffer {
  const value =
    kind === 'nulls'
      ? null
      : kind === 'zeros'
        ? Buffer.alloc(bytes)
        : kind === 'noise'
          ? Buffer.from(Array.from({ length: Math.min(bytes, 500) }, (_, i) => (i * 167 + n) % 256))
          : Buffer.from(JSON.stringify({ agent: 'a', state: 'up', evidence: 'e'.repeat(bytes) }))
  return recordBytes(Array.from({ length: count }, (_, i) => ({ key: `fuzz/${n}/${i}`, value })))
}

/** Peak of the resident memory of a process, MiB. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024

describeKafka('batches of all codecs and sizes in every topic', () => {
  let cluster: KafkaCluster
  beforeAll(() => {
    cluster = new KafkaCluster({ QUORATE_PARTITIONS: String(PARTITIONS) })
  })
  afterAll(() => cluster?.close(), 60_000)

  /** Reads large batches before it is ready. */
  const start = async (app: 'aggregator' | 'notifier', name: string): Promise<App> =>
    (await cluster.launch(app, name)).ready(180_000)

  let good = 0
  /** Valid reports count in every partition, and the notifier continues to read. */
  async function goesOn(aggregator: App, notifier: App): Promise<void> {
    const log = await cluster.log()
    const missing = new Set(Array.from({ length: PARTITIONS }, (_, partition) => partition))
    for (let i = 0; missing.size > 0; i++) {
      const object = `good/${good}/${i}`
      const partition = partitionOf(object, PARTITIONS)
      if (!missing.delete(partition)) continue
      const report = (agent: string) => ({
        topic: cluster.topics.reports,
        partition,
        key: object,
        value: `{"agent":"${agent}","state":"down"}`,
      })
      await log.append([report('a'), report('b')])
      await until(
        'valid ones count',
        async () => (await aggregator.client.get(object)).view.participants === 2,
        120_000,
      )
      await until(
        'it is notified',
        async () => {
          const { json } = await notifier.call('GET', `/v1/deliveries?object=${encodeURIComponent(object)}`)
          return (json.items as unknown[]).length > 0
        },
        120_000,
      )
    }
    good++
    await cluster.caughtUp(aggregator, 120_000)
  }

  it('stop nothing, in bounded memory: valid records count, and the processes stop and start', async () => {
    let [aggregator, notifier] = [await start('aggregator', 'one'), await start('notifier', 'two')]
    await goesOn(aggregator, notifier)
    const { numRuns, seed = 20_261_130 } = fuzzing(16)
    const { reports, states, settings } = cluster.topics
    const topics = {
      reports,
      states,
      settings,
      aggregator: cluster.topics.changelog('aggregator'),
      notifier: cluster.topics.changelog('notifier'),
    }
    let written = 0
    for (const [n, one] of fc.sample(batch, { numRuns, seed }).entries()) {
      const content = contentOf(one, n)
      const whole = compressedBatch(one.codec, content, { count: one.count })
      // The broker refuses most damaged batches, and those above the limit of the topic.
      const spoilt =
        one.cut === 0
          ? whole
          : compressedBatch('none', content.subarray(0, content.length - one.cut), { count: one.count })
      if (spoilt.length > 900_000) continue
      const partition = one.topic === 'settings' ? 0 : one.partition
      await produceBatch([...cluster.brokers], topics[one.topic], partition, spoilt).then(
        () => written++,
        () => undefined,
      )
    }
    expect(written).toBeGreaterThan(numRuns / 3)
    await goesOn(aggregator, notifier)
    const peaks = [aggregator, notifier].map((app) => peakOf(app.servingPid()))
    expect([(await aggregator.call('GET', '/livez')).status, (await notifier.call('GET', '/livez')).status]).toEqual([
      200, 200,
    ])
    for (const app of [aggregator, notifier]) expect(await app.process.stop()).toMatchObject({ code: 0 })
    cluster.deleteData('one')
    cluster.deleteData('two')
    ;[aggregator, notifier] = [await start('aggregator', 'one'), await start('notifier', 'two')]
    await goesOn(aggregator, notifier)
    peaks.push(...[aggregator, notifier].map((app) => peakOf(app.servingPid())))
    process.stderr.write(`peaks, MiB: ${peaks.map(Math.round).join(', ')}; ${written} batches\n`)
    for (const peak of peaks) expect(peak).toBeLessThan(MOST_RESIDENT)
  }, 3_600_000)
})
