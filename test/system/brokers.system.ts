import { setTimeout as delay } from 'node:timers/promises'
import { type BrokerCluster, describeOwnKafka, startBroker } from '../broker'
import { audited } from './auditing'
import { FaultScene } from './fault-scene'
import { expectSinkAsSimulated, quiet } from './oracle'
import { byLength, say } from './run-length'
import { until } from './until'

const KILLS = byLength(2, 5)
const AWAY_MS = byLength(10_000, 30_000)

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

  /** From now on reports are applied again: everybody is ready, and a report of ours comes through. */
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
    say(`at work again ${Math.round(performance.now() - begun)} ms after; answers ${scene.answers}`)
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

  it(`all are away for ${AWAY_MS / 1000} s, and everybody goes on by himself`, async () => {
    const pids = ['one', 'two'].map((name) => scene.at(name).app!.process.pid)
    for (const node of kafka.nodeIds) kafka.pause(node)
    await delay(AWAY_MS)
    for (const node of kafka.nodeIds) kafka.resume(node)
    await worksAgain()
    expect(['one', 'two'].map((name) => scene.at(name).app!.process.pid)).toEqual(pids)
    for (const name of ['one', 'two']) expect(scene.at(name).app!.process.ended).toBe(false)
  }, 240_000)

  it('all that while the sink is what simulate decides, and no answer was wrong', async () => {
    await scene.rest()
    await quiet(scene.cluster)
    const { source, events } = await expectSinkAsSimulated(scene.cluster)
    say(`${source} source records, ${events} sink records as simulated, answers ${scene.answers}`)
    const { brokers, prefix } = scene.cluster
    say(await audited({ brokers, prefix, by: scene.at('one').app! }, 90_000))
    expect(scene.faults).toEqual([])
  }, 300_000)
})
