import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../test/broker'
import { describeKeyValueTable } from './key-value-table.conformance'

describeKafka('Apache Kafka', () => {
  describeKeyValueTable('Kafka', async () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'tables' }))
})
