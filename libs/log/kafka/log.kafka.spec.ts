import { describeKafka, describeOwnKafka, sharedBrokers, startBroker, type BrokerCluster } from '../../../test/broker'
import { describeLog } from '../testing'
import { underTest } from './testing/admin'

describeKafka('with the transactions that the shared broker has', () => {
  describeLog('Kafka', underTest(sharedBrokers))
})

describeOwnKafka('with the transactions of Kafka before 4', () => {
  let broker: BrokerCluster
  beforeAll(async () => {
    broker = await startBroker({ transactionVersion: 0 })
  }, 120_000)
  afterAll(() => broker.stop())

  describeLog(
    'Kafka, transaction.version 0',
    underTest(() => [...broker.brokers]),
  )
})
