import { hostname } from 'node:os'
import type { Config } from './config'
import { isLoopback, isWildcard } from './loopback'
import type { AppName, SettingName, Values } from './settings'

const DEFAULT_COPIES = 3

/**
 * Fills in what depends on other settings and refuses combinations that cannot work or would not be safe. `set`: where
 * each given setting came from.
 */
export function check(
  app: AppName,
  values: Values,
  set: ReadonlyMap<SettingName, string>,
  faults: string[],
  notes: string[],
): Omit<Config, 'sections' | 'notes'> {
  const log = app === 'standalone' ? 'embedded' : (values.log ?? (values.brokers ? 'kafka' : 'embedded'))
  const tls = set.has('tls')
    ? values.tls
    : (['tlsCa', 'tlsCert', 'tlsKey', 'tlsServerName'] as const).some((name) => set.has(name))
  const config: Omit<Config, 'sections' | 'notes'> = {
    ...values,
    app,
    log,
    tls,
    replication: values.replication ?? (log === 'kafka' ? DEFAULT_COPIES : 1),
  }
  const serves = app !== 'cli'
  if (app === 'standalone') standalone(values, set, faults)
  if (app === 'standalone' && values.brokers && values.log !== 'kafka')
    notes.push(
      `${set.get('brokers') ?? 'KAFKA_BROKERS'} is set, but npm start always uses the embedded log, in ` +
        `${values.dataDir}/log. npm run aggregator and npm run notifier use Kafka`,
    )
  if (app === 'aggregator' || app === 'notifier') cluster(config, faults)
  if (serves && values.host !== undefined && !values.apiKey && !isLoopback(values.host)) {
    faults.push(
      `${set.get('host') ?? 'QUORATE_HOST'} is ${JSON.stringify(values.host)}, which others can reach, but no ` +
        'access is configured. ' +
        'Set QUORATE_API_KEY, or listen on 127.0.0.1.',
    )
  }
  kafka(config, faults)
  if (values.webhookSecret && !values.webhookUrl)
    faults.push('QUORATE_WEBHOOK_SECRET is set without QUORATE_WEBHOOK_URL; set both.')
  return config
}

function standalone(values: Values, set: ReadonlyMap<SettingName, string>, faults: string[]): void {
  const id = set.get('applicationId')
  if (id)
    faults.push(`${id} is refused by standalone: it runs two applications, named aggregator and notifier. Unset it.`)
  if (values.log === 'kafka') {
    faults.push(
      `${set.get('log')} is "kafka", but standalone (npm start) is always on the embedded log. Use npm run ` +
        'aggregator and npm run notifier.',
    )
  }
}

function cluster(config: Omit<Config, 'sections' | 'notes'>, faults: string[]): void {
  if (config.log === 'embedded') {
    faults.push(
      `The ${config.app} by itself needs Kafka: the embedded log belongs to one process. Set KAFKA_BROKERS, ` +
        'or use npm start, which runs everything in one process on the embedded log.',
    )
    return
  }
  const url = advertised(config)
  if (url && !isLoopback(new URL(url).hostname) && !config.clusterSecret) {
    faults.push(
      `QUORATE_CLUSTER_SECRET must be set, because the advertised URL ${url} is not loopback: it signs what ` +
        'instances forward to each other.',
    )
  }
}

function kafka(config: Omit<Config, 'sections' | 'notes'>, faults: string[]): void {
  if (config.log === 'kafka' && !config.brokers)
    faults.push('KAFKA_BROKERS must be set, because QUORATE_LOG is "kafka": host:port, several separated by commas.')
  if (Boolean(config.tlsCert) !== Boolean(config.tlsKey))
    faults.push('KAFKA_TLS_CERT and KAFKA_TLS_KEY must be set together.')
  sasl(config, faults)
}

function sasl(config: Omit<Config, 'sections' | 'notes'>, faults: string[]): void {
  const { saslMechanism, saslUsername, saslPassword, saslTokenPath, saslTokenUrl, saslTokenScope } = config
  if (saslTokenScope && !saslTokenUrl) faults.push('KAFKA_SASL_TOKEN_SCOPE goes with KAFKA_SASL_TOKEN_URL.')
  if (saslMechanism !== 'oauthbearer') {
    if (saslTokenPath || saslTokenUrl)
      faults.push('KAFKA_SASL_TOKEN_PATH and KAFKA_SASL_TOKEN_URL go with KAFKA_SASL_MECHANISM=oauthbearer.')
    const all = [saslMechanism, saslUsername, saslPassword]
    if (all.some(Boolean) && !all.every(Boolean))
      faults.push('KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must be set together.')
    return
  }
  if (Boolean(saslTokenPath) === Boolean(saslTokenUrl))
    faults.push('KAFKA_SASL_MECHANISM=oauthbearer needs KAFKA_SASL_TOKEN_PATH or KAFKA_SASL_TOKEN_URL, one of them.')
  if (saslTokenUrl && !(saslUsername && saslPassword))
    faults.push(
      'KAFKA_SASL_TOKEN_URL needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, the id and secret of the client.',
    )
  if (saslTokenPath && (saslUsername || saslPassword))
    faults.push('KAFKA_SASL_TOKEN_PATH alone says who this is: unset KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.')
  if (saslTokenUrl?.startsWith('http:') && !isLoopback(new URL(saslTokenUrl).hostname))
    faults.push('KAFKA_SASL_TOKEN_URL must be https: the secret of the client goes there.')
}

/** The URL at which others reach this instance; `port` is the actual one if 0 was configured. */
export function advertised(
  config: Pick<Config, 'advertisedUrl' | 'host' | 'port'>,
  port: number | undefined = config.port,
): string | undefined {
  if (config.advertisedUrl) return config.advertisedUrl
  // A refused value is absent; its fault has been reported.
  if (config.host === undefined || port === undefined) return undefined
  const host = isWildcard(config.host) ? hostname() : config.host
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}
