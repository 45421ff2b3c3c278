import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../../test/broker'
import { describeReshard } from './reshard.conformance'

describeKafka('Kafka', () => {
  describeReshard('Kafka', () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'reshard' }))
})
