import { join } from 'node:path'
import { type Log, type LogRecord, readRange } from '@quorate/log'
import type { KafkaCluster } from './cluster'
import { ROOT } from './harness'
import { run } from './process'
import type { SimulatedEvent } from './simulating'
import { headersOf, readTopic } from './topic-reading'
import { until } from './until'

/** A record of the sink in the format of `simulate`. */
export function eventOf(record: LogRecord): SimulatedEvent {
  const { ce_id, ce_type, ce_time, ce_subject, ce_cause } = headersOf(record)
  return {
    id: ce_id!,
    type: ce_type!,
    time: Date.parse(ce_time!),
    subject: ce_subject!,
    data: record.value === null ? null : (JSON.parse(record.value.toString('utf8')) as unknown),
    ...(ce_cause === undefined ? {} : { cause: ce_cause }),
  }
}

interface Decided {
  readonly partition: number
  readonly event?: SimulatedEvent
  readonly rejected?: { readonly line: number }
}

export interface Judged {
  readonly source: number
  readonly events: number
  readonly deadLetters: number
}

/** Waits until nothing more is appended to the source, including ticks, and all of it is applied. */
export async function quiet(cluster: KafkaCluster, timeoutMs = 120_000): Promise<void> {
  const log = await cluster.log()
  let before = ''
  let since = Date.now()
  await until(
    'the source comes to rest',
    async () => {
      const now = JSON.stringify(await log.offsets(cluster.topics.reports))
      if (now !== before) since = Date.now()
      before = now
      return Date.now() - since > 3_000
    },
    timeoutMs,
  )
  const [by] = cluster.apps.values()
  await cluster.caughtUp(by!, timeoutMs)
}

/**
 * Compares the sink and the dead letters of a cluster at rest with what `quorate simulate` decides from the same
 * source: per partition the same records in the same order, with the same bytes. So nothing is duplicated, missing or
 * invented.
 */
export async function expectSinkAsSimulated(cluster: KafkaCluster): Promise<Judged> {
  const log = await cluster.log()
  // Votes continue to expire by ticks: decisions about records from now on are not compared.
  const ends = await log.offsets(cluster.topics.reports)
  const decided = await decide(cluster)
  const expected = decided.flatMap(({ event, partition }) => (event ? [{ partition, event }] : []))
  const sink = await readableSink(log, cluster, expected.length)
  for (const { partition, end } of ends) {
    const time = await timeAt(log, cluster.topics.reports, partition, end)
    const inTime = (event: SimulatedEvent) => event.time <= time
    expectSame(
      partition,
      sink[partition]!.map(eventOf).filter(inTime),
      expected.flatMap((it) => (it.partition === partition ? [it.event] : [])).filter(inTime),
    )
  }
  const rejected = decided.flatMap(({ partition, rejected }) => (rejected ? [`${partition}@${rejected.line}`] : []))
  const [letters = []] = await readTopic(log, cluster.topics.deadLetters)
  const told = letters.map(headersOf).map((it) => `${it['quorate-partition']}@${it['quorate-offset']}`)
  expect(told.sort()).toEqual(rejected.sort())
  return {
    source: ends.reduce((sum, { end }) => sum + end, 0),
    events: expected.length,
    deadLetters: told.length,
  }
}

/** ms; the time of a partition whose source ends at `end`: that of the last record before. */
async function timeAt(log: Log, topic: string, partition: number, end: number): Promise<number> {
  let time = 0
  for await (const records of readRange(log, { topic, partition, from: Math.max(0, end - 100), end }))
    time = records.at(-1)?.timestamp ?? time
  return time
}

async function decide(cluster: KafkaCluster): Promise<Decided[]> {
  const { code, process: cli } = await run(process.execPath, {
    args: [join(ROOT, 'dist/apps/cli/src/main.js'), 'simulate', '--partition-of', cluster.topics.reports],
    env: { ...cluster.settings },
  })
  if (code !== 0) throw new Error(`simulate ended with ${code}\n${cli.stderr.join('\n')}`)
  return cli.stdout.map((line) => JSON.parse(line) as Decided)
}

/** A commit that is acknowledged may become readable a moment later, because Kafka writes its markers afterwards. */
function readableSink(log: Log, { topics }: KafkaCluster, atLeast: number): Promise<LogRecord[][]> {
  let last: LogRecord[][] = []
  return until('the sink is readable to its end', async () => {
    last = await readTopic(log, topics.states)
    return last.flat().length >= atLeast && last
  }).catch(() => last) // the comparison reports better what is missing
}

/** Prints the first difference with its neighbours: two lists of ten thousand are unreadable. */
function expectSame(partition: number, found: readonly SimulatedEvent[], expected: readonly SimulatedEvent[]): void {
  const text = (event: SimulatedEvent | undefined) => JSON.stringify(event)
  const first = expected.findIndex((event, i) => text(event) !== text(found[i]))
  const at = first < 0 ? expected.length : first
  const around = (events: readonly SimulatedEvent[]) => events.slice(Math.max(0, at - 2), at + 3)
  expect({ partition, at, records: around(found) }).toEqual({ partition, at, records: around(expected) })
  expect({ partition, count: found.length }).toEqual({ partition, count: expected.length })
}
