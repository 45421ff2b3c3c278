import 'reflect-metadata'
import { ConfigError, loadConfig } from '@quorate/config'
import {
  changeSource,
  encodeSource,
  REAPPENDED,
  topicNames,
  type PolicyInput,
  type SourceCommand,
} from '@quorate/contracts'
import { header, type LogRecord, silentLogger } from '@quorate/log'
import { openEmbeddedLog, type EmbeddedLog } from '@quorate/log/embedded'
import { createStreams, type Streams } from '@quorate/streams'
import { startAggregator } from '../bootstrap'
import { aggregatorTopology, VoteProcessor } from '@quorate/engine/core'
import { CommittedReading } from '../queries/committed-reading'
import { NO_RULES } from '@quorate/vote'
import { type Declared, declaredIn } from './declared'
import { Declaring } from './declaring'
import { Reappending } from './reappending'

const configOf = (yaml: string) =>
  loadConfig('aggregator', {
    argv: ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '2'],
    env: { KAFKA_BROKERS: 'unused:9092', QUORATE_CONFIG: 'quorate.yaml' },
    readFile: () => yaml,
  })
const declared = (yaml: string): Declared => declaredIn(configOf(yaml), NO_RULES)

describe('the sections policies and agents of quorate.yaml', () => {
  it('are lists or mappings by name', () => {
    const list = declared('policies:\n  - {name: sites, match: site/**, ttl: 30}\nagents:\n  - {agent: a, weight: 3}\n  - {agent: b, muted: true}\n') // prettier-ignore
    const mapping = declared('policies:\n  sites: {match: site/**, ttl: 30}\nagents:\n  a: {weight: 3}\n  b: {muted: true}\n') // prettier-ignore
    expect(mapping).toEqual(list)
    expect(list.policies.map(({ policy }) => [policy.name, policy.match, policy.ttl, policy.memory])).toEqual([
      ['sites', 'site/**', 30, 3600],
    ])
    expect([...list.agents]).toEqual([
      ['a', { weight: 3, muted: false }],
      ['b', { weight: 1, muted: true }],
    ])
  })

  it('may be missing or empty, beside settings of the process', () => {
    expect(declared('port: 0\n')).toEqual({ isRead: true, agents: new Map(), policies: [] })
    expect(declared('policies:\nagents: []\n')).toEqual({ isRead: true, agents: new Map(), policies: [] })
  })

  it.each([
    ['policies: 7', '/policies in quorate.yaml must be a list, or a mapping by name.'],
    ['policies: [{name: p, match: x, ttl: 7200}]', '/policies/0 in quorate.yaml is refused: /memory: must be at least ttl (7200).'], // prettier-ignore
    ['policies: {p: {match: x, confrim: {}}}', '/policies/p in quorate.yaml is refused: /confrim: unknown field.'],
    ['policies: [{name: p, match: x}, {name: p, match: y}]', '/policies/1 in quorate.yaml is refused: /name: p is there twice.'], // prettier-ignore
    ['agents: {a: {weight: -1}}', '/agents/a in quorate.yaml is refused: /weight'],
    ['agents: {a: {weight: 5}}\npolicies: {p: {match: x, electorate: [a, b]}}', '/policies/p in quorate.yaml is refused: /electorate/0: holds more than half'], // prettier-ignore
  ])('stop the start with a pointer: %s', async (yaml, said) => {
    const config = configOf(yaml)
    const log = await openEmbeddedLog({ memory: true })
    const started = startAggregator(config, { log })
    await expect(started).rejects.toThrow(said)
    await expect(started).rejects.toMatchObject({ name: ConfigError.name })
    await log.close()
  })
})

describe('settings in the log', () => {
  const topics = topicNames('quorate')
  const PARTITIONS = 2
  let now = 1_000_000
  let log: EmbeddedLog
  let streams: Streams
  let reading: CommittedReading
  const parts = () => ({
    streams,
    reading,
    log,
    source: topics.reports,
    settings: topics.settings,
    logger: silentLogger,
  })

  const when = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return
        stop()
        resolve()
      }
      const stop = streams.onChange(look)
      look()
    })
  async function start(): Promise<void> {
    const processor = new VoteProcessor({ source: changeSource('quorate', 'aggregator') })
    const topology = aggregatorTopology({ prefix: 'quorate', applicationId: 'aggregator', partitions: PARTITIONS })
    streams = createStreams({ topology, log, processor, dataDir: ':memory:', url: 'http://here', version: '0', logger: silentLogger }) // prettier-ignore
    reading = new CommittedReading(processor.outcomes)
    await streams.start()
    await when(() => streams.ready)
  }
  async function restart(): Promise<void> {
    await streams.stop()
    await start()
  }
  async function records(partition = 0): Promise<LogRecord[]> {
    const { start, end } = (await log.offsets(topics.reports))[partition]!
    const reader = log.reader({ topic: topics.reports, partition, from: start })
    const all: LogRecord[] = []
    while (reader.position < end) all.push(...(await reader.next()).records)
    reader.close()
    return all
  }
  const kinds = async (partition = 0) => (await records(partition)).map((record) => header(record, 'ce_type'))
  async function applied(): Promise<void> {
    for (const { partition, end } of await log.offsets(topics.reports))
      if (end > 0) await streams.task(partition)!.reached(end - 1, 5_000)
  }
  async function set(command: SourceCommand): Promise<void> {
    const { value, headers } = encodeSource(command)
    await streams.broadcast({ key: null, value, headers })
    await applied()
  }
  /** Ends once all that is declared is in force. */
  async function declare(it: Declared, more = () => true): Promise<void> {
    const said: string[] = []
    const logger = { ...silentLogger, warn: (_: object, text: string) => void said.push(text) }
    const declaring = new Declaring({ ...parts(), declared: it, logger })
    declaring.look()
    const isInForce = () => {
      const task = streams.task(0)!
      const policies = reading.policies(task)
      return (
        it.policies.every(({ policy }) =>
          policies.some(({ name, ttl }) => name === policy.name && ttl === policy.ttl),
        ) && [...it.agents].every(([agent, { weight }]) => (reading.agent(task, agent)?.weight ?? 1) === weight)
      )
    }
    while (!isInForce() || !more()) await new Promise(setImmediate)
    await declaring.idle
    await applied()
    expect(said).toEqual([])
  }

  beforeEach(async () => {
    now = 1_000_000
    log = await openEmbeddedLog({ memory: true }, { now: () => now })
    await start()
  })
  afterEach(async () => {
    await streams.stop()
    await log.close()
  })

  it('become one broadcast where an entry is new or changed, and none where it is not', async () => {
    const yaml = 'policies: {p: {match: x, ttl: 30}, q: {match: y}}\nagents: {a: {weight: 2}}'
    await declare(declared(yaml))
    for (let partition = 0; partition < PARTITIONS; partition++)
      expect(await kinds(partition)).toEqual(['agent-set', 'policy-set', 'policy-set'])
    await restart()
    await declare(declared(yaml))
    await restart()
    await declare(declared(yaml.replace('30', '31')))
    for (let partition = 0; partition < PARTITIONS; partition++)
      expect(await kinds(partition)).toEqual(['agent-set', 'policy-set', 'policy-set', 'policy-set'])
    expect(reading.policies(streams.task(1)!).map(({ name, ttl }) => [name, ttl])).toEqual([
      ['p', 31],
      ['q', 60],
    ])
  })

  it('leave alone what the file does not name', async () => {
    await set({ type: 'policy-set', data: { name: 'other', match: 'z' } })
    await declare(declared('policies: {p: {match: x, ttl: 30}}'))
    expect(reading.policies(streams.task(0)!).map(({ name }) => name)).toEqual(['other', 'p'])
  })

  it('go with the entry in the file, unless REST has set them otherwise since', async () => {
    const names = () => reading.policies(streams.task(0)!).map(({ name, ttl }) => [name, ttl])
    await set({ type: 'policy-set', data: { name: 'other', match: 'z' } })
    await declare(declared('policies: {p: {match: x}, q: {match: y}, r: {match: w}}\nagents: {a: {weight: 2}, b: {muted: true}}')) // prettier-ignore
    await set({ type: 'policy-set', data: { name: 'q', match: 'y', ttl: 7 } })
    await set({ type: 'agent-set', data: { agent: 'b', weight: 5 } })
    await log.append(['7', 'null', '{"name":"other"}'].map((value, i) => ({ topic: topics.settings, partition: 0, key: `declared/policies/${['x', 'y', 'other'][i]}`, value }))) // prettier-ignore
    await restart()
    await declare(declared('policies: {r: {match: w}}'), () => names().length === 3)
    expect(names()).toEqual([['other', 60], ['q', 7], ['r', 60]]) // prettier-ignore
    while (reading.agent(streams.task(1)!, 'a')?.weight !== 1) await new Promise(setImmediate)
    expect(reading.agent(streams.task(1)!, 'b')).toMatchObject({ weight: 5 })
    // An instance without a file knows nothing of it; one with an empty file does.
    await restart()
    await declare({ ...declared(''), isRead: false })
    expect(names()).toHaveLength(3)
    await declare(declared(''), () => names().length === 2)
    // Once it is gone from the file, it is REST's.
    await set({ type: 'policy-set', data: { name: 'p', match: 'x' } })
    await restart()
    await declare(declared('port: 0'))
    expect(names().map(([name]) => name)).toEqual(['other', 'p', 'q'])
  })

  const policy: PolicyInput = { name: 'p', match: 'site/**', quorum: 2, electorate: ['a', 'b'] }
  const DAY = 86_400_000

  it('are appended again at half of the retention, once, and change nothing', async () => {
    await set({ type: 'policy-set', data: policy })
    await set({ type: 'agent-set', data: { agent: 'a', weight: 2, muted: true } })
    const pinned = encodeSource({ type: 'override-set', object: 'site/1', data: { state: 'down' } })
    await log.append([{ topic: topics.reports, partition: streams.partitionOf('site/1'), ...pinned }])
    await applied()
    const before = [...reading.policies(streams.task(0)!)]
    const ends = async () => (await log.offsets(topics.states)).map(({ end }) => end)
    const told = await ends()
    const reappending = new Reappending({ ...parts(), now: () => now })
    now += 3 * DAY
    await reappending.look()
    expect((await kinds(0)).filter((kind) => kind === 'policy-set')).toHaveLength(1)
    now += DAY
    await reappending.look()
    await reappending.look()
    await applied()
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const again = (await records(partition)).filter((record) => header(record, REAPPENDED) !== undefined)
      expect(again.map((record) => header(record, 'ce_type'))).toEqual(['agent-set', 'policy-set'])
    }
    expect([...reading.policies(streams.task(0)!)]).toEqual(before)
    expect(reading.agent(streams.task(1)!, 'a')).toEqual({ agent: 'a', weight: 2, muted: true })
    expect(await ends()).toEqual(told)
    await restart()
    const later = new Reappending({ ...parts(), now: () => now })
    now += 3 * DAY
    await later.look()
    expect((await kinds(0)).filter((kind) => kind === 'policy-set')).toHaveLength(2)
    now += DAY
    await later.look()
    expect((await kinds(0)).filter((kind) => kind === 'policy-set')).toHaveLength(3)
  })

  it('are appended again when the source has lost its beginning to its size, and not before half of it is newer', async () => {
    await set({ type: 'policy-set', data: policy })
    const record = { topic: topics.reports, partition: 0, ...encodeSource({ type: 'tick' }) }
    await log.append(Array.from({ length: 20 }, () => record))
    await applied()
    const look = () => new Reappending({ ...parts(), now: () => now }).look()
    const copies = async () => (await records()).filter((it) => header(it, REAPPENDED) !== undefined).length
    await look()
    expect(await copies()).toBe(0)
    await log.truncate(topics.reports, 0, 10)
    await look()
    await applied()
    expect(await copies()).toBe(1)
    await look()
    expect(await copies()).toBe(1)
    await log.append(Array.from({ length: 20 }, () => record))
    await applied()
    await look()
    await applied()
    expect(await copies()).toBe(2)
    expect(reading.policies(streams.task(0)!).map(({ name }) => name)).toEqual(['p'])
  })

  it('are appended again where weights given since have made a dictator, and are not refused', async () => {
    await set({ type: 'policy-set', data: policy })
    await set({ type: 'agent-set', data: { agent: 'a', weight: 5 } })
    const before = [...reading.policies(streams.task(0)!)]
    now += 4 * DAY
    await new Reappending({ ...parts(), now: () => now }).look()
    await applied()
    expect(await kinds(0)).toEqual(['policy-set', 'agent-set', 'agent-set', 'policy-set'])
    expect((await log.offsets(topics.deadLetters)).map(({ end }) => end)).toEqual([0])
    expect([...reading.policies(streams.task(0)!)]).toEqual(before)
    await set({ type: 'policy-set', data: { ...policy, ttl: 30 } })
    expect((await log.offsets(topics.deadLetters)).reduce((sum, { end }) => sum + end, 0)).toBe(PARTITIONS)
  })

  it('are not appended where there are none', async () => {
    now += 30 * DAY
    await new Reappending({ ...parts(), now: () => now }).look()
    expect(await kinds(0)).toEqual([])
  })
})
