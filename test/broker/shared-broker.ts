import { announceNoBroker, SHARED_BROKERS, SHARED_REASON, startBroker, whyNoBroker, type BrokerCluster } from './index'

let shared: BrokerCluster | undefined

/** globalSetup of Jest's kafka project: one broker for all its spec files, unless KAFKA_BROKERS names some. */
export default async function setUp(): Promise<void> {
  const reason = await whyNoBroker()
  if (reason) process.env[SHARED_REASON] = reason
  if (process.env['KAFKA_BROKERS']) return
  if (reason) return announceNoBroker(reason)
  shared = await startBroker()
  process.env[SHARED_BROKERS] = shared.brokers.join(',')
  ;(globalThis as { quorateStopBroker?: () => Promise<void> }).quorateStopBroker = () => shared!.stop()
}
