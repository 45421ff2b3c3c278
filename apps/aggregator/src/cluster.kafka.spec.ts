import { describeKafka, sharedBrokers, unique } from '../../../test/broker'
import { describeCluster } from './cluster.conformance'

describeKafka('a cluster on Apache Kafka', () => {
  describeCluster(async () => ({ brokers: sharedBrokers().join(','), prefix: unique('rest') }))
})
