import { setTimeout as delay } from 'node:timers/promises'
import { describeKafka } from '../broker'
import { audited } from './auditing'
import { KafkaCluster } from './cluster'
import { Instance } from './instance'
import { Load, LOAD_POLICIES } from './load'
import { expectSinkAsSimulated, quiet } from './oracle'
import { PoisonMix } from './poison-mix'
import { sequence } from './random'
import { residentOf } from './resident'
import { byLength, LONG, say, SEED } from './run-length'
import { Watch } from './watch'

const STORM_MS = byLength(40_000, 600_000)
const RATE = 800
/** ms of the load between two invalid records. */
const POISON_EVERY = 1_000
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGKILL'] as const
/** Maximum MiB of a process, however long it has been under load. */
const MEMORY = 512

describeKafka(`three instances under load, killed at random for ${STORM_MS / 1000} s`, () => {
  let cluster: KafkaCluster
  let instances: Instance[]
  let watches: Watch[]
  let load: Load
  let poison: PoisonMix
  let most = 0
  const unclean: string[] = []
  const ended: Record<string, number> = {}

  /** Ends an instance at any moment, and starts it again without waiting for readiness. */
  async function strike(victim: Instance, signal: (typeof SIGNALS)[number]): Promise<void> {
    const wasReady = victim.ready
    const exit = await victim.end(signal)
    ended[signal] = (ended[signal] ?? 0) + 1
    if (wasReady && signal !== 'SIGKILL' && exit.code !== 0)
      unclean.push(
        `${victim.name} ended by ${signal}: ${JSON.stringify(exit)}\n${victim.app!.process.output.slice(-3000)}`,
      )
    await victim.launch()
  }

  async function storm(): Promise<void> {
    const random = sequence(SEED)
    const end = Date.now() + STORM_MS
    let strikes = 0
    while (Date.now() < end) {
      await delay(100 + random(4_900))
      const victim = instances[random(instances.length)]!
      const signal = SIGNALS[random(SIGNALS.length)]!
      if (victim.app!.process.ended) continue
      await strike(victim, signal)
      if (++strikes % byLength(5, 25) === 0) say(`${strikes} ended, ${load.sent} records sent, ${said(watches)}`)
    }
  }

  beforeAll(async () => {
    cluster = new KafkaCluster()
    instances = await Promise.all(['one', 'two', 'three'].map((name) => Instance.of(cluster, name)))
    const [first] = await Promise.all(instances.map((it) => it.start()))
    for (const [name, policy] of Object.entries(LOAD_POLICIES)) await first!.client.putPolicy(name, policy)
    const { reports: topic } = cluster.topics
    load = new Load({ log: await cluster.log(), topic, partitions: 4, random: sequence(SEED + 1), rate: RATE })
    await load.seed()
    await cluster.caughtUp(first!)
    watches = [1, 2].map((i) => new Watch(instances, sequence(SEED + 10 + i), `client-${i}`).start())
    load.start()
    poison = new PoisonMix({ brokers: cluster.brokers, topic, partitions: 4, everyMs: (POISON_EVERY / RATE) * 1000 })
    await poison.start()
    const sampling = setInterval(() => {
      for (const { app } of instances) most = Math.max(most, residentOf(app!.process.pid) ?? 0)
    }, 500)
    try {
      await storm()
      say(`the storm is over: ${JSON.stringify(ended)}`)
      for (const instance of instances) {
        await instance.app!.ready()
      }
    } finally {
      clearInterval(sampling)
      await Promise.all([load, poison, ...watches].map((it) => it.stop()))
    }
    await quiet(cluster)
  }, STORM_MS + 240_000)
  afterAll(() => cluster?.close(), 60_000)

  it('the sink is what simulate decides, and nothing is duplicated, missing or invented', async () => {
    const { source, events, deadLetters } = await expectSinkAsSimulated(cluster)
    say(`${source} source records, ${events} sink records as simulated, ${deadLetters} dead letters`)
    say(`poison: ${JSON.stringify(Object.fromEntries(poison.sent))}`)
    expect(events).toBeGreaterThan(1_000)
    expect(deadLetters).toBeGreaterThanOrEqual(poison.total)
  }, 600_000)

  it('every audit agrees: store, changelog and sink match the source', async () => {
    say(await audited({ brokers: cluster.brokers, prefix: cluster.prefix, by: instances[0]!.app! }, 120_000))
  }, 300_000)

  it('every read returned what exists or was asked to wait, never an older state, and read its own writes', () => {
    say(said(watches))
    expect(watches.flatMap(({ faults }) => faults)).toEqual([])
    for (const { counts } of watches) expect(counts['200']).toBeGreaterThan(20)
  })

  it('every process that was asked to end ended cleanly', () => {
    expect(unclean).toEqual([])
  })

  it('no process grew without bound', async () => {
    say(`at most ${Math.round(most)} MiB resident in the storm`)
    expect(most).toBeLessThan(MEMORY)
    if (!LONG) return
    // Nothing is killed now: after one minute of load a process holds as much as after four.
    const again = new Load({
      log: await cluster.log(),
      topic: cluster.topics.reports,
      partitions: 4,
      random: sequence(SEED + 2),
      rate: RATE,
    })
    again.start()
    const levels: number[] = []
    for (let minute = 0; minute < 4; minute++) {
      await delay(60_000)
      levels.push(Math.max(...instances.map(({ app }) => residentOf(app!.process.pid)!)))
    }
    await again.stop()
    say(`MiB resident after 1, 2, 3, 4 minutes: ${levels.map(Math.round).join(', ')}`)
    expect(levels[3]!).toBeLessThan(levels[0]! * 1.25 + 32)
  }, 400_000)
})

function said(watches: readonly Watch[]): string {
  const sum: Record<string, number> = {}
  for (const { counts } of watches)
    for (const [what, count] of Object.entries(counts)) sum[what] = (sum[what] ?? 0) + count
  return `answers ${JSON.stringify(sum)}`
}
