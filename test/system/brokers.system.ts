import { setTimeout as delay } from 'node:timers/promises'
import { type BrokerCluster, describeOwnKafka, startBroker } from '../broker'
import { audited } from './auditing'
import { FaultScene } from './fault-scene'
import type { App } from './harness'
import { keptObject } from './load'
import { expectSinkAsSimulated, quiet } from './oracle'
import { residentOf } from './resident'
import { byLength, say } from './run-length'
import { until } from './until'

const KILLS = byLength(2, 5)
/** ms that all brokers are away, and how: their connections stay open without responses, or are refused. */
const AWAY = byLength(
  [{ ms: 10_000, how: 'paused' }],
  [
    { ms: 30_000, how: 'paused' },
    { ms: 600_000, how: 'killed' },
  ],
)
/**
 * From this duration on (ms) it must be visible from outside: `/livez` fails a minute after the last contact with the
 * group.
 */
const LONG_AWAY_MS = 120_000

describeOwnKafka('brokers die under load', () => {
  let kafka: BrokerCluster
  let scene: FaultScene

  beforeAll(async () => {
    kafka = await startBroker({ nodes: 3, config: { 'min.insync.replicas': 2 } })
    const env = { QUORATE_REPLICATION: '3' }
    scene = await FaultScene.open({ names: ['one', 'two'], env, brokers: kafka.brokers, rate: 300 })
    scene.begin()
  }, 240_000)
  afterAll(async () => {
    await scene?.close()
    await kafka?.stop()
  }, 60_000)

  /** Waits until reports are applied again: all instances are ready, and a report of the test is applied. */
  async function worksAgain(): Promise<void> {
    const begun = performance.now()
    for (const name of ['one', 'two']) {
      const app = scene.at(name).app!
      await app.ready(90_000)
      const { client } = app
      await until(
        'a report is applied',
        () => client.report(`own/${name}`, 'me', { state: 'up' }, { wait: 10 }),
        90_000,
      )
    }
    say(`working again ${Math.round(performance.now() - begun)} ms after; answers ${scene.answers}`)
  }

  it(
    `one of three is killed ${KILLS} times, and comes back`,
    async () => {
      for (let i = 0; i < KILLS; i++) {
        const node = 1 + (i % 3)
        await kafka.kill(node)
        say(`broker ${node} is killed`)
        await worksAgain()
        await kafka.restart(node)
        await delay(byLength(1_000, 10_000))
      }
    },
    120_000 * KILLS,
  )

  for (const { ms, how } of AWAY)
    it(
      `all are ${how} for ${ms / 1000} s, and every instance recovers on its own`,
      async () => {
        const apps = ['one', 'two'].map((name) => scene.at(name).app!)
        const memory = apps.map(({ process }) => residentOf(process.pid)!)
        if (how === 'paused') for (const node of kafka.nodeIds) kafka.pause(node)
        else await Promise.all(kafka.nodeIds.map((node) => kafka.kill(node)))
        const end = performance.now() + ms
        if (ms > LONG_AWAY_MS) for (const app of apps) await expectAlone(app)
        await delay(end - performance.now())
        if (how === 'paused') for (const node of kafka.nodeIds) kafka.resume(node)
        else await Promise.all(kafka.nodeIds.map((node) => kafka.restart(node)))
        await worksAgain()
        // They are the same processes, and have not accumulated memory.
        expect(apps.map(({ process }) => process.ended)).toEqual([false, false])
        const after = apps.map(({ process }) => residentOf(process.pid)!)
        say(`MiB resident before and after: ${memory.join(', ')}; ${after.join(', ')}`)
        after.forEach((mib, i) => expect(mib).toBeLessThan(memory[i]! * 1.5 + 64))
        await until('it is live', async () => (await apps[0]!.call('GET', '/livez')).status === 200)
      },
      ms + 240_000,
    )

  /**
   * Without its brokers an instance reports that it makes no progress, responds with the age of its data, and accepts
   * no writes.
   */
  async function expectAlone(app: App): Promise<void> {
    await until('/livez fails', async () => (await app.call('GET', '/livez')).status === 503, LONG_AWAY_MS)
    const roles = new Set<string | null>()
    for (let i = 0; i < 20; i++) {
      const { status, headers } = await app.call('GET', `/v1/objects/${encodeURIComponent(keptObject(i))}`)
      expect(status).toBe(200)
      expect(Number(headers.get('quorate-age'))).toBeGreaterThan(30_000)
      roles.add(headers.get('quorate-role'))
    }
    expect([...roles]).toEqual(['unconfirmed'])
    const asked = performance.now()
    const refused = await app.call('PUT', '/v1/objects/own%2Fx/reports/me', { state: 'up' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)])
    say(`a write is refused (${refused.json.code}) within ${Math.round(performance.now() - asked)} ms`)
  }

  it('meanwhile the sink is what simulate decides, and no response was wrong', async () => {
    await scene.rest()
    await quiet(scene.cluster)
    const { source, events } = await expectSinkAsSimulated(scene.cluster)
    say(`${source} source records, ${events} sink records as simulated, answers ${scene.answers}`)
    const { brokers, prefix } = scene.cluster
    say(await audited({ brokers, prefix, by: scene.at('one').app! }, 90_000))
    expect(scene.faults).toEqual([])
  }, 300_000)
})
