import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../test/broker'
import { describeStreams } from './streams.conformance'

describeKafka('Apache Kafka', () => {
  describeStreams('Kafka', async () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'streams' }))
})
