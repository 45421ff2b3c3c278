import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../../test/broker'
import { describeHooks } from './hooks.conformance'

jest.setTimeout(60_000)

describeKafka('Apache Kafka', () => {
  describeHooks('Kafka', async () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'streams' }))
})
