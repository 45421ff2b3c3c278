import 'reflect-metadata'
import { setTimeout as delay } from 'node:timers/promises'
import { ProblemError, QuorateClient } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import { topicNames, viewToWire, type View } from '@quorate/contracts'
import type { Running } from '@quorate/http'
import { type Log, type LogRecord, partitionOf, silentLogger } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { startAggregator } from '../../../aggregator/src/bootstrap'
import {
  type Case,
  type EventLine,
  eventsOf,
  linesOf,
  parseOutput,
  policiesOf,
  readCases,
  type ScenarioLine,
  simulate,
  sinkEvents,
  TestTask,
  toJsonLines,
  told,
} from '@quorate/engine/core/testing'
import { describeKafka, sharedBrokers, unique } from '../../../../test/broker'
import { readTopic, scenarioLine } from '../../../../test/system/topic-reading'
import { until } from '../../../../test/system/until'

const PARTITIONS = 3
/** A second of the table lasts this long, also in policies and reports, because the test cannot wait in real time. */
const SCALE = 0.2
/** ms by which what is due at the end of a case may be late. */
const SLACK = 2_000
/** Cases that are not on the page, without those that are decided within the same second or exactly at a deadline. */
const OWN = [
  ...['C02', 'C08', 'C10', 'C12', 'C14', 'C18', 'C19', 'C20', 'C22', 'C23', 'C26', 'C27', 'C28', 'C30', 'C32', 'C33'],
  ...['D01', 'D02', 'D03', 'D04', 'D11', 'D12', 'D13', 'D21', 'D22', 'D23', 'D24', 'D25'],
  ...['L01', 'L02', 'L03', 'L04', 'L05', 'L06', 'L07', 'L08', 'L10'],
  ...['G01', 'G02', 'G03', 'G04', 'G05', 'G06', 'G07', 'G08'],
]
const published = readCases('published.json')
const own = ['votes.json', 'voted.json', 'crowds.json']
  .flatMap((file) => readCases(file))
  .filter(({ id }) => OWN.includes(id))
const cases = [...published, ...own]

/** Changes of the effective state, without their times. */
const changesOf = (events: readonly EventLine[]): string[] =>
  events
    .filter(({ type }) => type === 'object.changed')
    .map((event) => told({ ...event, subject: 'o' }))
    .map((it) => it.slice(it.indexOf(' ') + 1))

/** What simulate decides for the case as in the table. */
async function tableOf(it: Case): Promise<string[]> {
  const policies = policiesOf(it)
  const { text } = await simulate(toJsonLines(linesOf(it).lines), policies === undefined ? {} : { policies })
  return changesOf(eventsOf(parseOutput(text)))
}

interface Data {
  readonly agent?: string
  readonly state?: string
  readonly expiresAt?: number
}

interface Look {
  readonly object: string
  readonly partition: number
  /** Source offset of the response. */
  readonly offset: number
  readonly view: unknown
}

describeKafka('cases of the vote through REST and Apache Kafka', () => {
  const prefix = unique('cases')
  const names = topicNames(prefix)
  const looks: Look[] = []
  const expected = new Map<string, string[]>()
  /** ms since 1970. */
  const ended = new Map<string, number>()
  let log: Log
  let server: Running
  let client: QuorateClient
  let source: LogRecord[][]
  let sink: EventLine[][]

  const objectOf = (id: string) => `${id}/o`
  const seconds = (given: number | undefined, otherwise: number) => (given ?? otherwise) * SCALE

  async function putPolicy(it: Case): Promise<void> {
    const { name: _, match: _m, ...policy } = policiesOf(it)?.[0] ?? { name: '', match: '' }
    const named = (agents: readonly string[]) => agents.map((agent) => `${it.id}.${agent}`)
    const groups = Object.entries(policy.groups ?? {}).map(([group, agents]) => [group, named(agents)] as const)
    const confirm = Object.entries(policy.confirm ?? {}).map(([state, time]) => [state, seconds(time, 0)] as const)
    await client.putPolicy(it.id, {
      ...policy,
      match: `${it.id}/**`,
      ttl: seconds(policy.ttl, 60),
      memory: seconds(policy.memory, 3600),
      settle: seconds(policy.settle, 0),
      unknownAfter: seconds(policy.unknownAfter, 60),
      confirm: Object.fromEntries(confirm),
      flap: { ...policy.flap, window: seconds(policy.flap?.window, 600) },
      ...(policy.electorate === undefined ? {} : { electorate: named(policy.electorate) }),
      ...(groups.length === 0 ? {} : { groups: Object.fromEntries(groups) }),
    })
  }

  async function play(it: Case): Promise<void> {
    const start = Date.now()
    for (const line of linesOf(it).lines) {
      const wait = start + line.at * SCALE - Date.now()
      if (wait > 0) await delay(wait)
      await step(it.id, line, start)
    }
    ended.set(it.id, Date.now())
  }

  async function step(id: string, { type, data }: ScenarioLine, start: number): Promise<void> {
    const object = objectOf(id)
    const { agent = '', state = '', expiresAt = 0, ...more } = (data ?? {}) as Data
    const name = `${id}.${agent}`
    if (type === 'look') return look(object)
    if (type === 'report') await client.report(object, name, { state, ...more })
    else if (type === 'leave' || type === 'report-removed') await client.removeReport(object, name)
    else if (type === 'agent-set') await client.putAgent(name, more)
    else if (type === 'override-cleared') await client.clearOverride(object)
    else if (type === 'override-set')
      await client.setOverride(object, {
        state,
        reason: 'case',
        ...more,
        expiresAt: Math.round(start + expiresAt * SCALE),
      })
    else throw new Error(`no way to play ${type}`)
  }

  async function look(object: string): Promise<void> {
    try {
      const { view, freshness } = await client.get(object)
      const { partition } = freshness
      looks.push({ object, partition, offset: Number(freshness.position.split('@')[1]), view })
    } catch (error) {
      if (!ProblemError.is(error, 'not-found')) throw error
    }
  }

  /** Up to the end of the case: what expires later, or what a busy machine decides late, is not part of it. */
  function changes(id: string) {
    const end = ended.get(id)! + SLACK
    const events = sink.flat().filter(({ subject }) => subject === objectOf(id))
    const inTime = changesOf(events.filter(({ time }) => time <= end))
    return inTime.length >= expected.get(id)!.length ? inTime : changesOf(events).slice(0, expected.get(id)!.length)
  }

  async function readSink(): Promise<void> {
    const records = await readTopic(log, names.states)
    const text = ({ headers, ...rest }: LogRecord) => ({
      ...rest,
      output: 'states',
      headers: headers.map(([name, value]) => [name, value.toString()] as const),
    })
    sink = records.map((partition) => sinkEvents(partition.map(text)))
  }

  beforeAll(async () => {
    const brokers = sharedBrokers()
    log = await openKafkaLog({ brokers, clientId: prefix, ssl: false, logger: silentLogger })
    const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', String(PARTITIONS)]
    const env = { KAFKA_BROKERS: brokers.join(','), QUORATE_TOPIC_PREFIX: prefix, QUORATE_REPLICATION: '1' }
    server = await startAggregator(loadConfig('aggregator', { argv, env, readFile: () => '' }))
    client = new QuorateClient({ url: server.url, retries: 30 })
    await client.page({ partial: 'refuse' })
    for (const it of cases) await putPolicy(it)
    for (const it of cases) expected.set(it.id, await tableOf(it))
    await Promise.all(cases.map(play))
    await until(
      'all changes have been emitted',
      async () => {
        await readSink()
        return cases.every(({ id }) => changes(id).length >= expected.get(id)!.length)
      },
      60_000,
    )
    // Read after the sink, so that it contains everything that the sink refers to.
    source = await readTopic(log, names.reports)
  }, 180_000)
  afterAll(async () => {
    await server?.close()
    await log?.close()
  }, 60_000)

  it('are at least a dozen from the page, and others', () => {
    expect([published.length, own.length]).toEqual([16, OWN.length])
    expect([...expected.values()].flat().length).toBeGreaterThan(cases.length)
  })

  it.each(cases.map((it) => [it.id, it.says]))('%s changes as in the table: %s', (id) => {
    expect(changes(id)).toEqual(expected.get(id))
  })

  it('simulate decides the same from the same records, byte for byte', async () => {
    for (const [partition, records] of source.entries()) {
      const { text } = await simulate(records.map((record) => `${scenarioLine(record)}\n`).join(''))
      const events = eventsOf(parseOutput(text))
      expect(sink[partition]!.length).toBeGreaterThan(0)
      expect(sink[partition]).toEqual(events.slice(0, sink[partition]!.length))
    }
  })

  it('so does the test driver, cut after every evaluation and killed now and then', () => {
    for (const [partition, records] of source.entries()) {
      let commits = 0
      const crash = () => ++commits % 5 === 0
      const task = new TestTask({
        source: `/${prefix}/aggregator`,
        partition,
        partitions: PARTITIONS,
        cut: () => true,
        crash,
      })
      task.run(records)
      expect(sinkEvents(task.to('states')).slice(0, sink[partition]!.length)).toEqual(sink[partition])
    }
  })

  it('each response of REST is what simulate shows at its position', async () => {
    expect(looks.length).toBeGreaterThan(30)
    for (const [partition, records] of source.entries()) {
      const asked = looks.filter((it) => it.partition === partition).sort((a, b) => a.offset - b.offset)
      const lines = records.flatMap((record, i) => {
        const until = records[i + 1]?.offset ?? Infinity
        const here = asked.filter(({ offset }) => offset >= record.offset && offset < until)
        const shown = here.map(({ object }) =>
          JSON.stringify({ at: record.timestamp, type: 'look', object, offset: record.offset }),
        )
        return [scenarioLine(record), ...shown]
      })
      const { text } = await simulate(lines.map((line) => `${line}\n`).join(''))
      const said = parseOutput(text).flatMap((line) => ('look' in line ? [viewToWire(line.look as View)] : []))
      expect(asked.map(({ object }) => partitionOf(object, PARTITIONS))).toEqual(asked.map(() => partition))
      expect(asked.map(({ view }) => view)).toEqual(said)
    }
  })
})
