import { setTimeout as delay } from 'node:timers/promises'
import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import type { Log } from '../src'
import { readTo, records } from '../testing'
import { refusal } from '../testing/subject'
import { openKafkaLog } from '.'
import { withCluster } from './testing/admin'

const APPEND_TIMEOUT_MS = 3_000

describeOwnKafka('with three brokers', () => {
  let brokers: BrokerCluster
  let log: Log
  let topic: string

  beforeAll(async () => {
    brokers = await startBroker({ nodes: 3, config: { 'min.insync.replicas': 2 } })
    log = await openKafkaLog({ brokers: brokers.brokers, clientId: 'spec', appendTimeoutMs: APPEND_TIMEOUT_MS })
  }, 120_000)
  afterAll(async () => {
    await log?.close()
    await brokers?.stop()
  })

  const create = async (partitions: number, replication: number): Promise<void> => {
    topic = unique('topic')
    const spec = { name: topic, partitions, cleanupPolicy: 'delete', timestampType: 'CreateTime' } as const
    await log.ensureTopics([spec], { replication })
    await until(() => log.append(Array.from({ length: partitions }, (_, p) => records(topic, p, ['first'])).flat()))
  }
  const leaderOf = (partition: number): Promise<number> =>
    withCluster([...brokers.brokers], (cluster) => cluster.leaderOf(topic, partition))
  const values = async (partition: number) =>
    (await readTo(log, topic, partition)).map(({ value }) => value!.toString())

  it.each([1, 2, 3])(
    'one that is silent (%i) is passed by: the others are asked',
    async (node) => {
      await create(1, 3)
      const patience = { requestTimeoutMs: 3_000, retryTimeoutMs: 4_000 }
      const other = await openKafkaLog({ brokers: brokers.brokers, clientId: 'spec', ...patience })
      await other.describeTopic(topic)
      brokers.pause(node)
      expect(await other.describeTopic(topic)).toMatchObject({ partitions: 1 })
      brokers.resume(node)
      await other.close()
    },
    60_000,
  )

  it('what a failed append says is not "nothing" when the leader has them and its replicas are late', async () => {
    await create(1, 3)
    const leader = await leaderOf(0)
    const followers = brokers.nodeIds.filter((node) => node !== leader)
    for (const node of followers) brokers.pause(node)
    await refusal(log.append(records(topic, 0, ['late'])), 'LOG_OUTCOME_UNKNOWN')
    for (const node of followers) brokers.resume(node)
    await until(() => log.append(records(topic, 0, ['after'])))
    expect(await values(0)).toEqual(['first', 'late', 'after'])
  }, 120_000)

  it('what a failed append says is not "nothing" when another partition has its own; and those that are lost are not waited for again and again', async () => {
    await create(3, 1)
    const dead = await leaderOf(0)
    const partitions = [0, 1, 2]
    const led = await Promise.all(partitions.map(leaderOf))
    expect(led.some((node) => node !== dead)).toBe(true)
    await brokers.kill(dead)
    const all = partitions.flatMap((p) => records(topic, p, ['all']))
    await refusal(log.append(all), 'LOG_OUTCOME_UNKNOWN')
    for (const p of partitions.filter((p) => led[p] !== dead)) expect(await values(p)).toEqual(['first', 'all'])

    const begun = performance.now()
    await refusal(log.append(records(topic, 0, ['never'])), 'LOG_UNAVAILABLE')
    expect(performance.now() - begun).toBeLessThan(APPEND_TIMEOUT_MS)

    await brokers.restart(dead)
    await until(() => log.append(records(topic, 0, ['after'])))
    expect(await values(0)).toEqual(['first', 'after'])
  }, 120_000)

  it('waits its time once, and not for each partition, when all brokers are away', async () => {
    await create(2, 3)
    await Promise.all(brokers.nodeIds.map((node) => brokers.kill(node)))
    await refusal(log.append(records(topic, 0, ['never'])), 'LOG_UNAVAILABLE')
    const begun = performance.now()
    await refusal(log.append(records(topic, 1, ['never'])), 'LOG_UNAVAILABLE')
    expect(performance.now() - begun).toBeLessThan(APPEND_TIMEOUT_MS)
    await Promise.all(brokers.nodeIds.map((node) => brokers.restart(node)))
    await until(() => log.append(records(topic, 1, ['after'])))
    expect(await values(1)).toEqual(['first', 'after'])
  }, 120_000)

  /** Until leaders are elected and replicas have caught up. */
  async function until(work: () => Promise<unknown>): Promise<void> {
    for (const end = performance.now() + 60_000; ; await delay(200)) {
      try {
        await work()
        return
      } catch (error) {
        if (performance.now() > end) throw error
      }
    }
  }
})
