import 'reflect-metadata'
import { changeSource, decodeSource, encodeSource, topicNames, type SourceCommand } from '@quorate/contracts'
import { type LogRecord, silentLogger } from '@quorate/log'
import { openEmbeddedLog, type EmbeddedLog } from '@quorate/log/embedded'
import { createStreams, type Streams } from '@quorate/streams'
import fc from 'fast-check'
import { aggregatorTopology, VoteProcessor } from '@quorate/engine/core'
import { CommittedReading } from '../queries/committed-reading'
import { Fold, MemoryState } from '@quorate/vote'
import { Reappending } from './reappending'

const DAY = 86_400_000
const NAMES = ['p', 'q', 'r'] as const

type Change = { readonly name: string; readonly ttl: number | null }

const policyCommand = ({ name, ttl }: Change): SourceCommand =>
  ttl === null ? { type: 'policy-deleted', data: { name } } : { type: 'policy-set', data: { name, match: name, ttl } }
const agentCommand = ({ name, ttl }: Change): SourceCommand =>
  ttl === null
    ? { type: 'agent-removed', data: { agent: name } }
    : { type: 'agent-set', data: { agent: name, weight: ttl } }

/** `p:17` for each policy and agent in force. */
const inForce = (
  policies: Iterable<{ name: string; ttl: number }>,
  agents: Iterable<{ agent: string; weight: number }>,
) =>
  [
    ...[...policies].map(({ name, ttl }) => `${name}:${ttl}`),
    ...[...agents].map(({ agent, weight }) => `agent ${agent}:${weight}`),
  ].sort()

const ofState = ({ settings }: MemoryState) =>
  inForce(
    settings.policies(),
    [...settings.agents()].map(([agent, { weight }]) => ({ agent, weight })),
  )

const apply = (fold: Fold, command: SourceCommand, offset: number) => {
  fold.advance(offset, offset)
  fold.apply(command, offset)
}

describe('settings that are appended again', () => {
  const change = fc.record({
    kind: fc.constantFrom('policy', 'agent'),
    name: fc.constantFrom(...NAMES),
    ttl: fc.option(fc.integer({ min: 1, max: 50 }), { freq: 4 }),
  })
  /** A change, or a round of re-appending by an owner that has applied all but the last `behind` records. */
  const steps = fc.array(fc.oneof({ weight: 3, arbitrary: change }, fc.record({ behind: fc.nat({ max: 6 }) })), {
    maxLength: 30,
  })

  /** The log that these steps make: what is appended again is what was in force so many records before. */
  function logOf(all: readonly ({ behind: number } | (Change & { kind: string }))[]): SourceCommand[] {
    const log: SourceCommand[] = []
    for (const step of all) {
      if (!('behind' in step)) {
        log.push(step.kind === 'policy' ? policyCommand(step) : agentCommand(step))
        continue
      }
      const from = Math.max(0, log.length - step.behind)
      const state = new MemoryState(() => undefined)
      const fold = new Fold(state)
      log.slice(0, from).forEach((command, offset) => apply(fold, command, offset))
      for (const [agent, { weight, muted }] of state.settings.agents())
        log.push({ type: 'agent-set', data: { agent, weight, muted }, reappended: from })
      for (const data of state.settings.policies()) log.push({ type: 'policy-set', data, reappended: from })
    }
    return log
  }

  it('change nothing for who has read all, and never put the old behind the new for who has not', () => {
    fc.assert(
      fc.property(steps, fc.nat({ max: 40 }), (all, start) => {
        const log = logOf(all)
        const whole = new MemoryState(() => undefined)
        const plain = new MemoryState(() => undefined)
        const part = new MemoryState(() => undefined)
        const [fold, plainFold, partFold] = [new Fold(whole), new Fold(plain), new Fold(part)]
        log.forEach((command, offset) => {
          apply(fold, command, offset)
          if (!('reappended' in command)) apply(plainFold, command, offset)
          if (offset >= start) apply(partFold, command, offset)
          const truth = new Set(ofState(plain))
          expect(new Set(ofState(whole))).toEqual(truth)
          expect(ofState(part).filter((it) => !truth.has(it))).toEqual([])
        })
      }),
      { numRuns: 300, seed: 42 },
    )
  })

  it('give a reader that begins behind them all that is in force', () => {
    const set = policyCommand({ name: 'p', ttl: 7 })
    const log = [set, { ...set, reappended: 1 } as SourceCommand]
    const state = new MemoryState(() => undefined)
    const fold = new Fold(state)
    apply(fold, log[1]!, 1)
    expect(ofState(state)).toEqual(['p:7'])
  })

  it('of an earlier release, which do not say what they repeat, change nothing that is known', () => {
    const state = new MemoryState(() => undefined)
    const fold = new Fold(state)
    apply(fold, { ...policyCommand({ name: 'q', ttl: 1 }), reappended: true } as SourceCommand, 5)
    apply(fold, policyCommand({ name: 'p', ttl: 13 }), 6)
    apply(fold, { ...policyCommand({ name: 'p', ttl: 7 }), reappended: true } as SourceCommand, 7)
    expect(ofState(state)).toEqual(['p:13', 'q:1'])
  })
})

describe('appending again, while settings change', () => {
  const names = topicNames('quorate')
  const PARTITIONS = 4
  let log: EmbeddedLog
  let streams: Streams
  let reading: CommittedReading
  let now = 1_000_000

  const ready = (): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!streams.ready) return
        stop()
        resolve()
      }
      const stop = streams.onChange(look)
      look()
    })

  beforeEach(async () => {
    now = 1_000_000
    log = await openEmbeddedLog({ memory: true }, { now: () => now })
    const processor = new VoteProcessor({ source: changeSource('quorate', 'aggregator') })
    const topology = aggregatorTopology({ prefix: 'quorate', applicationId: 'aggregator', partitions: PARTITIONS })
    streams = createStreams({ topology, log, processor, dataDir: ':memory:', url: 'http://here', version: '0', logger: silentLogger }) // prettier-ignore
    reading = new CommittedReading(processor.outcomes)
    await streams.start()
    await ready()
  })
  afterEach(async () => {
    await streams.stop()
    await log.close()
  })

  async function records(partition: number): Promise<LogRecord[]> {
    const { start, end } = (await log.offsets(names.reports))[partition]!
    const reader = log.reader({ topic: names.reports, partition, from: start })
    const all: LogRecord[] = []
    while (reader.position < end) all.push(...(await reader.next()).records)
    reader.close()
    return all
  }

  it('keeps every acknowledged change in every partition, and a replay of each log agrees', async () => {
    const reappending = new Reappending({
      ...{ streams, reading, log, source: names.reports, logger: silentLogger, now: () => now },
    })
    const last = new Map<string, number | null>()
    let working = true
    const again = (async () => {
      while (working) {
        now += 4 * DAY
        await reappending.look()
        await new Promise(setImmediate)
      }
    })()
    for (let i = 1; i <= 60; i++) {
      const name = NAMES[i % NAMES.length]!
      const ttl = i % 7 === 0 ? null : i
      for (const [kind, command] of [
        ['', policyCommand({ name, ttl })],
        ['agent ', agentCommand({ name, ttl })],
      ] as const) {
        const { value, headers } = encodeSource(command)
        await streams.broadcast({ key: null, value, headers })
        last.set(`${kind}${name}`, ttl)
      }
    }
    working = false
    await again
    for (const { partition, end } of await log.offsets(names.reports))
      await streams.task(partition)!.reached(end - 1, 10_000)
    const expected = [...last].flatMap(([name, ttl]) => (ttl === null ? [] : [`${name}:${ttl}`])).sort()
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const task = streams.task(partition)!
      expect(inForce(reading.policies(task), reading.agents(task))).toEqual(expected)
      const state = new MemoryState(() => undefined)
      const fold = new Fold(state)
      const all = await records(partition)
      for (const record of all) {
        fold.advance(record.timestamp, record.offset)
        const { command } = decodeSource(record)
        fold.apply(command!, record.offset)
      }
      expect(all.some((record) => record.headers.some(([name]) => name === 'quorate-reappended'))).toBe(true)
      expect(ofState(state)).toEqual(expected)
    }
  })
})
