import { Kafka, logLevel } from 'kafkajs'
import { describeKafka, sharedBrokers } from '../../../test/broker'
import { describeLog } from '../testing'
import { Cluster } from './cluster'
import { openKafkaLog } from '.'
import { settingsOf } from './options'

/** kafkajs's own admin: what the port leaves out. */
async function administrate<T>(act: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = new Kafka({ clientId: 'spec', brokers: sharedBrokers(), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.disconnect()
  }
}

describeKafka('on Kafka', () => {
  const open = () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'spec' })

  describeLog('Kafka', {
    open,
    openAnother: open,
    truncate: (_log, topic, partition, before) =>
      administrate(async (admin) => {
        await admin.fetchTopicOffsets(topic) // loads the metadata that deleteTopicRecords needs
        await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: `${before}` }] })
      }),
    deleteTopic: (_log, topic) => administrate((admin) => admin.deleteTopics({ topics: [topic] })),
    // To the member there is no difference between its session timing out and somebody else saying goodbye for it.
    expire: async (_log, groupId, memberId) => {
      const cluster = new Cluster(settingsOf({ brokers: sharedBrokers(), clientId: 'spec' }))
      const connections = cluster.connections()
      const broker = await connections.broker(await cluster.coordinatorOf('group', groupId))
      await broker.leaveGroup({ groupId, memberId })
      await connections.close()
      await cluster.close()
    },
  })
})
