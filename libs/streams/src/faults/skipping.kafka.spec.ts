import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../../test/broker'
import { describeSkipping } from './skipping.conformance'

jest.setTimeout(60_000)

describeKafka('Apache Kafka', () => {
  describeSkipping('Kafka', async () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'streams' }))
})
