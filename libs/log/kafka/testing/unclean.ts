import { setTimeout as delay } from 'node:timers/promises'
import { type BrokerCluster, startBroker } from '../../../../test/broker'
import { administrate } from './admin'

/** Ids of nodes: the replica that leads and dies, the one that is behind, and a third that always runs. */
export const AHEAD = 3
const [BEHIND, OTHER] = [2, 1] as const

/** Three nodes that notice within seconds that a replica is behind or dead. */
export const startUncleanBroker = (): Promise<BrokerCluster> =>
  startBroker({
    nodes: 3,
    config: {
      'broker.session.timeout.ms': 3000,
      'broker.heartbeat.interval.ms': 500,
      'replica.lag.time.max.ms': 1500,
    },
  })

/** A topic of one partition with two replicas, where a replica that is behind may be elected. */
export const makeUnclean = async (
  broker: BrokerCluster,
  topic: string,
  config: Readonly<Record<string, string>> = { 'message.timestamp.type': 'LogAppendTime' },
): Promise<void> => {
  await administrate([...broker.brokers], (admin) =>
    admin.createTopics({
      // A broker that has not heard of the topic yet would fail the wait, so it is done below.
      waitForLeaders: false,
      topics: [
        {
          topic,
          replicaAssignment: [{ partition: 0, replicas: [AHEAD, BEHIND] }],
          configEntries: [
            { name: 'unclean.leader.election.enable', value: 'true' },
            { name: 'min.insync.replicas', value: '1' },
            ...Object.entries(config).map(([name, value]) => ({ name, value })),
          ],
        },
      ],
    }),
  )
  await until(async () => (await inSync(broker, topic)).length === 2)
}

/** What `act` appends is in one replica alone, which then dies; the other becomes leader without it. */
export async function loseTail(broker: BrokerCluster, topic: string, act: () => Promise<void>): Promise<void> {
  await broker.kill(BEHIND)
  await until(async () => (await inSync(broker, topic)).join() === `${AHEAD}`)
  await act()
  await broker.kill(AHEAD)
  await broker.restart(BEHIND)
  await until(async () => (await leader(broker, topic)) === BEHIND)
}

/** Asks the node that stays. */
const partitionOf = (broker: BrokerCluster, topic: string) =>
  administrate([broker.brokers[OTHER - 1]!], async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]!.partitions[0]!
  })
const inSync = async (broker: BrokerCluster, topic: string): Promise<number[]> => (await partitionOf(broker, topic)).isr
const leader = async (broker: BrokerCluster, topic: string): Promise<number> =>
  (await partitionOf(broker, topic)).leader

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await delay(200)
}
