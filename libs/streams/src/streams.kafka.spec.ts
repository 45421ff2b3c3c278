import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../test/broker'
import { describeStreams } from './streams.conformance'

// The first words with a broker that has just started take seconds.
jest.setTimeout(30_000)

describeKafka('Apache Kafka', () => {
  describeStreams('Kafka', async () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'streams' }))
})
