import { describeKafka, sharedBrokers, unique } from '../../../test/broker'
import { silentLogger, type Log } from '../src'
import { byTurns, RecordingMember } from '../testing/group-member'
import { openKafkaLog } from '.'
import { KafkaMember } from './member'
import { withCluster } from './testing/admin'

describeKafka('a member that dies without leaving', () => {
  let log: Log
  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'spec' })
  })
  afterAll(() => log.close())

  it('is followed when its session times out, not before', async () => {
    const topic = unique('topic')
    const group = unique('group')
    await log.ensureTopics([{ name: topic, partitions: 4, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
    const survivor = await (await RecordingMember.join(log, group, topic, 'a')).has(0, 1, 2, 3)
    await withCluster(sharedBrokers(), async (cluster) => {
      const connections = cluster.connections()
      const options = {
        group,
        topic,
        userData: () => Buffer.from('b'),
        assign: byTurns,
        onAssignment: () => {},
        onLost: () => {},
        sessionTimeoutMs: 6000,
      }
      const mortal = await KafkaMember.join(options, cluster, connections, silentLogger)
      await survivor.has(0, 2)
      await connections.close() // no heartbeat, no farewell
      const died = performance.now()
      await survivor.has(0, 1, 2, 3)
      const seconds = (performance.now() - died) / 1000
      expect(seconds).toBeGreaterThan(4)
      expect(seconds).toBeLessThan(12)
      await mortal.leave()
    })
    await survivor.member.leave()
  }, 60_000)
})
