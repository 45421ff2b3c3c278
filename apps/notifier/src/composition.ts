import type { Config } from '@quorate/config'
import { topicNames, topicRules } from '@quorate/contracts'
import { createRegistry, type HealthCheck } from '@quorate/http'
import { Owners, Peers, streamsChecks, streamsMetrics } from '@quorate/routing'
import type { Log, Logger } from '@quorate/log'
import { createStreams } from '@quorate/streams'
import { StreamsStrategy } from '@quorate/transport'
import type { Registry } from 'prom-client'
import { CHANNELS } from './channels'
import { reportLeftOut } from './conditions'
import { Configuration, declaration, NotifySettings, SecretReader, SecretScope } from './configuration'
import { courierMetrics, notifierMetrics } from './metrics'
import { Notifier } from './notifier'
import { NotifierModule } from './notifier.module'
import { routingOf } from './configuration/default-routing'
import { notifierTopology } from './topology'

export interface NotifierPartsOptions {
  readonly config: Pick<
    Config,
    | 'topicPrefix'
    | 'partitions'
    | 'dataDir'
    | 'replication'
    | 'standbys'
    | 'acknowledgedSource'
    | 'webhookUrl'
    | 'webhookSecret'
    | 'clusterSecret'
    | 'sections'
    | 'linkUrl'
    | 'timeZone'
    | 'secretsDir'
    | 'secretVariables'
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
  readonly checks: readonly HealthCheck[]
  readonly metrics: Registry
  readonly notifier: Notifier
  /** After the application is closed. */
  close(): Promise<void>
}

/**
 * Reads the settings first: what is decided before them would be decided by other routes.
 * @throws ConfigError, ConfigurationFault when what is configured does not pass
 */
export async function notifierParts({
  config,
  applicationId,
  log,
  logger,
  version,
  url,
}: NotifierPartsOptions): Promise<NotifierParts> {
  const metrics = createRegistry('notifier')
  const base = routingOf(config)
  const { linkUrl: baseUrl, timeZone } = config
  const secrets = new SecretReader({ scope: new SecretScope(config.secretsDir, config.secretVariables) })
  const notifier = new Notifier({
    routing: base,
    secrets,
    logger,
    events: notifierMetrics(metrics),
    tools: { timeZone, ...(baseUrl === undefined ? {} : { baseUrl }) },
  })
  const { settings: topic } = topicNames(config.topicPrefix)
  await log.ensureTopics([topicRules.settings(topic)], { replication: config.replication })
  const settings = await NotifySettings.open({ log, topic, logger })
  const configuration = new Configuration({ settings, channels: CHANNELS, base, secrets, logger })
  const declared = await declaration(configuration, settings, config.sections, logger).catch(async (error: unknown) => {
    await settings.close()
    throw error
  })
  configuration.follow((routing) => notifier.configure(routing))
  const topology = notifierTopology({ prefix: config.topicPrefix, applicationId, partitions: config.partitions })
  const transport = new StreamsStrategy({
    sources: { states: topicNames(config.topicPrefix).states },
    // While the process listens already: much takes a while.
    ...(declared ? { before: declared } : {}),
    create: (handle) =>
      createStreams({
        topology,
        log,
        processor: notifier.processor,
        handle,
        work: notifier.courier,
        dataDir: config.dataDir,
        replication: config.replication,
        standbys: config.standbys,
        acknowledgedSource: config.acknowledgedSource,
        logger,
        version,
        // The port is known only once the process listens, which is before streams starts.
        get url() {
          return url()
        },
      }),
  })
  const { streams } = transport
  configuration.follow(() => reportLeftOut(streams.conditions, configuration.leftOut))
  notifier.attach(streams)
  const peers = new Peers({ clusterSecret: config.clusterSecret })
  streamsMetrics(streams, metrics)
  courierMetrics(notifier.courier, metrics)
  return {
    module: NotifierModule.register({ notifier, configuration, owners: new Owners(streams, peers, url) }),
    transport,
    checks: streamsChecks('notifier', streams),
    metrics,
    notifier,
    async close() {
      await peers.close()
      await settings.close()
    },
  }
}
