import type { Config } from '@quorate/config'
import { topicNames } from '@quorate/contracts'
import { createRegistry, type HealthCheck, Owners, Peers, streamsCheck, streamsMetrics } from '@quorate/http'
import type { Log, Logger } from '@quorate/log'
import { createStreams } from '@quorate/streams'
import { StreamsStrategy } from '@quorate/transport'
import type { Registry } from 'prom-client'
import { courierMetrics, notifierMetrics } from './metrics'
import { Notifier } from './notifier'
import { NotifierModule } from './notifier.module'
import { routingOf } from './settings'
import { notifierTopology } from './topology'

export interface NotifierPartsOptions {
  readonly config: Pick<
    Config,
    'topicPrefix' | 'partitions' | 'dataDir' | 'replication' | 'webhookUrl' | 'webhookSecret' | 'clusterSecret'
  >
  /** `notifier` unless several share a log. */
  readonly applicationId: string
  readonly log: Log
  readonly logger: Logger
  readonly version: string
  /** Where this instance is reached; asked once it listens. */
  readonly url: () => string
}

/** What a process needs to run a notifier: alone, or beside others behind one edge. */
export interface NotifierParts {
  readonly module: ReturnType<typeof NotifierModule.register>
  readonly transport: StreamsStrategy
  readonly check: HealthCheck
  readonly metrics: Registry
  readonly notifier: Notifier
  /** After the application is closed. */
  close(): Promise<void>
}

export function notifierParts({
  config,
  applicationId,
  log,
  logger,
  version,
  url,
}: NotifierPartsOptions): NotifierParts {
  const metrics = createRegistry('notifier')
  const notifier = new Notifier({ routing: routingOf(config), logger, events: notifierMetrics(metrics) })
  const topology = notifierTopology({ prefix: config.topicPrefix, applicationId, partitions: config.partitions })
  const transport = new StreamsStrategy({
    sources: { states: topicNames(config.topicPrefix).states },
    create: (handle) =>
      createStreams({
        topology,
        log,
        processor: notifier.processor,
        handle,
        dataDir: config.dataDir,
        replication: config.replication,
        logger,
        version,
        // The port is known only once the process listens, which is before streams starts.
        get url() {
          return url()
        },
      }),
  })
  const { streams } = transport
  notifier.attach(streams)
  const peers = new Peers({ clusterSecret: config.clusterSecret })
  streamsMetrics(streams, metrics)
  courierMetrics(notifier.courier, metrics)
  return {
    module: NotifierModule.register({ notifier, owners: new Owners(streams, peers, url) }),
    transport,
    check: streamsCheck('notifier', streams),
    metrics,
    notifier,
    close: () => peers.close(),
  }
}
