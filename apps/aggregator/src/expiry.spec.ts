import 'reflect-metadata'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { QuorateClient } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import { topicNames } from '@quorate/contracts'
import type { Running } from '@quorate/http'
import { openEmbeddedLog, type EmbeddedLog } from '@quorate/log/embedded'
import { until } from '../../../test/system/until'
import { startAggregator } from './bootstrap'

/** On demand more of them: QUORATE_EXPIRING=1000000 */
const OBJECTS = Number(process.env['QUORATE_EXPIRING'] ?? 20_000)
/** ms in which all of them can be reported. */
const BEFORE = 8_000 + OBJECTS / 5

describe(`${OBJECTS} objects whose reports expire in the same millisecond`, () => {
  const { states, changelog } = topicNames('quorate')
  let log: EmbeddedLog
  let server: Running
  let client: QuorateClient

  beforeAll(async () => {
    log = await openEmbeddedLog({ memory: true })
    const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '1']
    const env = { KAFKA_BROKERS: 'unused:9092' }
    server = await startAggregator(loadConfig('aggregator', { argv, env, readFile: () => '' }), { log })
    client = new QuorateClient({ url: server.url, retries: 30, timeoutMs: 600_000 })
    await client.page({ partial: 'refuse' })
  }, 60_000)
  afterAll(async () => {
    await server?.close()
    await log?.close()
  }, 60_000)

  const end = async (topic: string) => (await log.offsets(topic))[0]!.end

  it('are worked off in slices: others are answered, and the event loop turns, all the while', async () => {
    const policy = { match: '**', ttl: 86_400, memory: 86_400, unknownAfter: 86_400, onNoQuorum: 'hold' }
    await client.putPolicy('all', policy)
    // By what the agents saw: so all expire at one time, whenever each was appended.
    const observedAt = Date.now()
    const reports = function* () {
      for (let i = 0; i < OBJECTS; i++) yield { object: `o/${i}`, agent: 'a', state: 'up', observedAt, ttl: BEFORE }
    }
    const { accepted, position } = await client.reportAll(reports())
    expect(accepted).toBe(OBJECTS)
    await client.get('o/0', { minPosition: position, wait: 60 })
    expect(Date.now()).toBeLessThan(observedAt + BEFORE)
    const told = await end(states)
    const commits = await end(changelog('aggregator'))

    await until('the first are stale', async () => (await end(states)) > told, BEFORE + 30_000)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const seen = new Set<number>()
    const waits: number[] = []
    while ((await end(states)) < told + OBJECTS) {
      const asked = performance.now()
      const { view } = await client.get('o/0')
      waits.push(performance.now() - asked)
      expect(view.state).toBe('up')
      seen.add(await end(states))
    }
    delay.disable()
    // Both are far above what a slice takes, for machines that do more than this.
    expect(Math.max(0, ...waits)).toBeLessThan(2_000)
    expect(delay.max / 1e6).toBeLessThan(2_000)
    expect(await end(changelog('aggregator'))).toBeGreaterThan(commits)
    if (OBJECTS >= 20_000) expect(seen.size).toBeGreaterThan(2)
    if (OBJECTS > 20_000) process.stderr.write(`${waits.length} reads, the slowest ${Math.max(...waits).toFixed(0)} ms; event loop at most ${(delay.max / 1e6).toFixed(0)} ms\n`) // prettier-ignore
    expect((await client.get('o/1')).view.stale).toBe(true)
  }, 900_000)
})
