import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../../test/broker'
import { describeBarrier } from './barrier.conformance'

jest.setTimeout(60_000)

describeKafka('Apache Kafka', () => {
  describeBarrier('Kafka', async () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'streams' }))
})
