import type { Config } from '@quorate/config'
import { topicNames, topicRules } from '@quorate/contracts'
import { type AppContext, type AppParts, createRegistry } from '@quorate/http'
import {
  createMember,
  type MemberConfig,
  Owners,
  PartitionOperations,
  Peers,
  streamsChecks,
  streamsMetrics,
} from '@quorate/routing'
import { StreamsStrategy } from '@quorate/transport'
import { CHANNELS } from './channels'
import { reportLeftOut } from './conditions'
import { Configuration, declaration, NotifySettings, SecretReader, SecretScope } from './configuration'
import { courierMetrics, notifierMetrics } from './metrics'
import { Notifier } from './notifier'
import { NotifierModule } from './notifier.module'
import { routingOf } from './configuration/default-routing'
import { notifierTopology } from './topology'

export interface NotifierPartsOptions extends AppContext {
  readonly config: MemberConfig &
    Pick<
      Config,
      | 'topicPrefix'
      | 'partitions'
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
}

/** What a process needs to run a notifier: alone, or beside others behind one edge. */
export interface NotifierParts extends AppParts {
  readonly notifier: Notifier
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
      createMember({
        ...{ topology, log, handle, config, logger, version, url },
        processor: notifier.processor,
        work: notifier.courier,
      }),
  })
  const { streams } = transport
  configuration.follow(() => reportLeftOut(streams.conditions, configuration.leftOut))
  notifier.attach(streams)
  const peers = new Peers({ clusterSecret: config.clusterSecret })
  streamsMetrics(streams, metrics)
  courierMetrics(notifier.courier, metrics)
  const owners = new Owners(streams, peers, url)
  const operations = new PartitionOperations(log, owners, topology)
  return {
    module: NotifierModule.register({ notifier, configuration, owners, operations }),
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
