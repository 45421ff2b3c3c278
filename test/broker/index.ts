import { BrokerCluster, type BrokerOptions } from './cluster'
import { KAFKA_VERSION } from './jars'

export { BrokerCluster, type BrokerOptions } from './cluster'
export { KAFKA_VERSION, whyNoBroker } from './jars'
export { kafkaTool } from './java-process'

/** Set by shared-broker.ts for the spec files of the `kafka` project: the brokers, or why there are none. */
export const SHARED_BROKERS = 'QUORATE_TEST_BROKERS'
export const SHARED_REASON = 'QUORATE_TEST_NO_BROKERS'

/** Starts a separate Kafka that the caller may kill and pause and must stop. Takes 4–6 s. */
export function startBroker(options: BrokerOptions = {}): Promise<BrokerCluster> {
  return BrokerCluster.start(options)
}

/** Brokers that spec files share: those named in KAFKA_BROKERS, or the one started for this run of Jest. */
export function sharedBrokers(): string[] {
  const brokers = process.env['KAFKA_BROKERS'] ?? process.env[SHARED_BROKERS]
  if (!brokers)
    throw new Error(process.env[SHARED_REASON] ?? 'no shared broker: this runs in the kafka project of Jest only')
  return brokers.split(',')
}

/** Throws if a broker is required (`QUORATE_REQUIRE_KAFKA=1`), and prints a message if there is none. */
export function announceNoBroker(reason: string): void {
  if (process.env['QUORATE_REQUIRE_KAFKA'] === '1') throw new Error(`QUORATE_REQUIRE_KAFKA=1, but ${reason}`)
  process.stderr.write(`SKIPPED: everything that needs a Kafka broker, because ${reason}\n`)
}

/** `describe` for suites that share a broker; skipped, as Jest's report shows, if there is none. */
export const describeKafka: jest.Describe = ((name: string, suite: () => void) => {
  const there = Boolean(process.env['KAFKA_BROKERS'] ?? process.env[SHARED_BROKERS])
  return (there ? describe : describe.skip)(name, suite)
}) as jest.Describe

/**
 * `describe` for suites on a shared broker that control a transaction step by step: their requests (RawTransaction) are
 * those of Kafka 4.
 */
export const describeOrdered: jest.Describe = KAFKA_VERSION.startsWith('3.') ? describe.skip : describeKafka

/** `describe` for suites that start their own brokers (kill, pause, three nodes); KAFKA_BROKERS does not help them. */
export const describeOwnKafka: jest.Describe = ((name: string, suite: () => void) => {
  const there = !process.env[SHARED_REASON]
  return (there ? describe : describe.skip)(name, suite)
}) as jest.Describe

let last = 0
/** A name that no other test uses, for topics, groups and transactional ids. */
export function unique(name: string): string {
  return `${name}-${process.pid.toString(36)}-${Date.now().toString(36)}-${(last++).toString(36)}`
}
