import { Kafka, logLevel, type Admin } from 'kafkajs'
import type { LogUnderTest } from '../../testing'
import { Cluster } from '../cluster'
import { openKafkaLog } from '../kafka-log'
import { settingsOf } from '../options'

/** kafkajs's own admin, for what the port leaves out. */
export async function administrate<T>(brokers: string[], act: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ clientId: 'spec', brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.disconnect()
  }
}

/** A cluster's own connections, for requests that the port leaves out. */
export async function withCluster<T>(brokers: string[], act: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = new Cluster(settingsOf({ brokers, clientId: 'spec' }))
  try {
    return await act(cluster)
  } finally {
    await cluster.close()
  }
}

/** The log on these brokers, as the shared suite wants it. */
export function underTest(brokers: () => string[]): LogUnderTest {
  const open = () => openKafkaLog({ brokers: brokers(), clientId: 'spec' })
  return {
    open,
    openAnother: open,
    truncate: (_log, topic, partition, before) =>
      administrate(brokers(), async (admin) => {
        await admin.fetchTopicOffsets(topic) // loads the metadata that deleteTopicRecords needs
        await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: `${before}` }] })
      }),
    deleteTopic: (_log, topic) => administrate(brokers(), (admin) => admin.deleteTopics({ topics: [topic] })),
    // To the member there is no difference between its session timing out and somebody else saying goodbye for it.
    expire: (_log, groupId, memberId) =>
      withCluster(brokers(), async (cluster) => {
        const connections = cluster.connections()
        const broker = await connections.broker(await cluster.coordinatorOf('group', groupId))
        await broker.leaveGroup({ groupId, memberId })
        await connections.close()
      }),
  }
}
