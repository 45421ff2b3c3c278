import * as kind from './kinds'
import type { Kind } from './kinds'

export type AppName = 'aggregator' | 'notifier' | 'standalone' | 'cli'

/**
 * One setting. Its flag is `--` and the YAML path in kebab case (`kafka.tls.ca` → `--kafka-tls-ca`). Secrets have no
 * flag of their own, because all users of a machine can read command lines: they come from a variable, from YAML, or
 * from a file (`<ENV>_FILE`, `--…-file`, `…File`).
 */
export interface Setting<T> {
  readonly env: string
  readonly yaml: string
  readonly kind: Kind<T>
  readonly meaning: string
  /** Used if nothing is set; undefined: no value. */
  readonly fallback?: T | ((app: AppName) => T | undefined)
  /** As text, if the fallback is decided elsewhere or differs between applications. */
  readonly fallbackSaid?: string
  readonly apps: readonly AppName[]
  readonly secret?: boolean
}

const setting = <T>(it: Setting<T>): Setting<T> => it
const withDefault = <T>(it: Setting<T> & { fallback: T | ((app: AppName) => T) }): Setting<T> & { fallback: T } =>
  it as Setting<T> & { fallback: T }

const SERVERS = ['aggregator', 'notifier', 'standalone'] as const
const ON_KAFKA = ['aggregator', 'notifier', 'cli'] as const
const NOTIFIERS = ['notifier', 'standalone'] as const
const NOTIFY = ['notifier', 'standalone', 'cli'] as const
const ALL = ['aggregator', 'notifier', 'standalone', 'cli'] as const

/**
 * Every setting of every application, one row each. `--help`, docs/configuration.md and the parser are generated from
 * this table. One row per line (no prettier), so that it reads as a table.
 */
// prettier-ignore
export const SETTINGS = {
  config: setting({ env: 'QUORATE_CONFIG', yaml: 'config', kind: kind.path, apps: ALL, fallbackSaid: 'quorate.yaml, if it is there', meaning: 'File with settings. A flag overrides a variable, and a variable overrides the file.' }),
  log: setting({ env: 'QUORATE_LOG', yaml: 'log', kind: kind.oneOf('kafka', 'embedded'), apps: ALL, fallbackSaid: 'kafka when KAFKA_BROKERS is set, else embedded', meaning: 'Kind of the log. `npm start` is always embedded. The separate aggregator and notifier need kafka.' }),
  brokers: setting({ env: 'KAFKA_BROKERS', yaml: 'kafka.brokers', kind: kind.brokers, apps: ON_KAFKA, meaning: 'Kafka brokers to connect to first.' }),
  tls: withDefault({ env: 'KAFKA_TLS', yaml: 'kafka.tls.enabled', kind: kind.flag, fallback: false, fallbackSaid: 'true when another KAFKA_TLS_* is set', apps: ON_KAFKA, meaning: 'Use TLS for the connections to the brokers.' }),
  tlsCa: setting({ env: 'KAFKA_TLS_CA', yaml: 'kafka.tls.ca', kind: kind.path, apps: ON_KAFKA, meaning: "PEM file of the authorities that sign the brokers' certificates." }),
  tlsCert: setting({ env: 'KAFKA_TLS_CERT', yaml: 'kafka.tls.cert', kind: kind.path, apps: ON_KAFKA, meaning: 'PEM file of the client certificate.' }),
  tlsKey: setting({ env: 'KAFKA_TLS_KEY', yaml: 'kafka.tls.key', kind: kind.path, apps: ON_KAFKA, meaning: 'PEM file of the client key.' }),
  tlsKeyPassword: setting({ env: 'KAFKA_TLS_KEY_PASSWORD', yaml: 'kafka.tls.keyPassword', kind: kind.password, secret: true, apps: ON_KAFKA, meaning: 'Password of the client key.' }),
  tlsServerName: setting({ env: 'KAFKA_TLS_SERVER_NAME', yaml: 'kafka.tls.serverName', kind: kind.host, apps: ON_KAFKA, meaning: "Name to expect in the brokers' certificates instead of the host." }),
  saslMechanism: setting({ env: 'KAFKA_SASL_MECHANISM', yaml: 'kafka.sasl.mechanism', kind: kind.oneOf('plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'), apps: ON_KAFKA, meaning: 'Mechanism to log in to the brokers.' }),
  saslUsername: setting({ env: 'KAFKA_SASL_USERNAME', yaml: 'kafka.sasl.username', kind: kind.text, apps: ON_KAFKA, meaning: 'User name for the brokers. With KAFKA_SASL_TOKEN_URL: the client id.' }),
  saslPassword: setting({ env: 'KAFKA_SASL_PASSWORD', yaml: 'kafka.sasl.password', kind: kind.password, secret: true, apps: ON_KAFKA, meaning: 'Password for the brokers. With KAFKA_SASL_TOKEN_URL: the client secret.' }),
  saslTokenPath: setting({ env: 'KAFKA_SASL_TOKEN_PATH', yaml: 'kafka.sasl.tokenPath', kind: kind.path, apps: ON_KAFKA, meaning: 'With oauthbearer: file with the token. It is read again at every login.' }),
  saslTokenUrl: setting({ env: 'KAFKA_SASL_TOKEN_URL', yaml: 'kafka.sasl.tokenUrl', kind: kind.url({ bare: false }), apps: ON_KAFKA, meaning: 'With oauthbearer: endpoint that issues tokens for client credentials (OAuth 2.0). https, or loopback.' }),
  saslTokenScope: setting({ env: 'KAFKA_SASL_TOKEN_SCOPE', yaml: 'kafka.sasl.tokenScope', kind: kind.text, apps: ON_KAFKA, meaning: 'Scope to request from KAFKA_SASL_TOKEN_URL.' }),
  kafkaRack: setting({ env: 'KAFKA_RACK', yaml: 'kafka.rack', kind: kind.text, apps: ON_KAFKA, meaning: 'Rack of this process, as the brokers name their racks. It reads from a nearby replica if the brokers allow that.' }),
  topicPrefix: withDefault({ env: 'QUORATE_TOPIC_PREFIX', yaml: 'topicPrefix', kind: kind.topicPart, fallback: 'quorate', apps: ALL, meaning: 'Prefix of the names of all topics, groups and transactional ids.' }),
  partitions: withDefault({ env: 'QUORATE_PARTITIONS', yaml: 'partitions', kind: kind.integer(1, 1000), fallback: 8, apps: SERVERS, meaning: 'Partitions of the topics. Existing topics must have the same number.' }),
  replication: setting({ env: 'QUORATE_REPLICATION', yaml: 'replication', kind: kind.integer(1, 100), apps: ['aggregator', 'notifier'], fallbackSaid: '3 on kafka', meaning: 'Replicas of each topic. A cluster that cannot provide 3 is refused unless fewer are set here.' }),
  standbys: withDefault({ env: 'QUORATE_STANDBYS', yaml: 'standbys', kind: kind.integer(0, 10), fallback: 1, apps: ['aggregator', 'notifier'], meaning: 'Copies of each partition that other instances keep up to date, so that they can take over without a restore. At most as many as there are other instances. Use the same value in all instances.' }),
  acknowledgedSource: setting({ env: 'QUORATE_ACKNOWLEDGE_SOURCE', yaml: 'acknowledgeSource', kind: kind.text, apps: SERVERS, fallbackSaid: 'none', meaning: 'For one start: ids of topics, separated by commas. Partitions whose source was replaced or has lost records continue with these topics (STREAMS_SOURCE_REPLACED, STREAMS_SOURCE_TRUNCATED name the id). Remove it afterwards.' }),
  applicationId: withDefault({ env: 'QUORATE_APPLICATION_ID', yaml: 'applicationId', kind: kind.topicPart, fallback: (app) => (app === 'notifier' ? 'notifier' : 'aggregator'), fallbackSaid: 'aggregator; in the notifier notifier', apps: ['aggregator', 'notifier'], meaning: "Name of the group, the changelog and the data folder. Instances with the same id share the work. Standalone refuses it, because it runs two applications." }),
  dataDir: withDefault({ env: 'QUORATE_DATA_DIR', yaml: 'dataDir', kind: kind.path, fallback: './data', apps: ALL, meaning: 'Folder of the stores. The data is in `<dir>/<application id>`, the embedded log in `<dir>/log`. The process that uses them locks each.' }),
  host: withDefault({ env: 'QUORATE_HOST', yaml: 'host', kind: kind.host, fallback: '127.0.0.1', apps: SERVERS, meaning: 'Address to listen on. Loopback only, unless access is configured (QUORATE_API_KEY).' }),
  port: withDefault({ env: 'QUORATE_PORT', yaml: 'port', kind: kind.integer(0, 65535), fallback: (app) => (app === 'notifier' ? 8081 : 8080), fallbackSaid: '8080; in the notifier 8081', apps: SERVERS, meaning: 'Port to listen on. 0 selects a free one.' }),
  advertisedUrl: setting({ env: 'QUORATE_ADVERTISED_URL', yaml: 'advertisedUrl', kind: kind.url({ bare: true }), apps: SERVERS, fallbackSaid: 'http://<host>:<port>', meaning: 'URL under which the other instances reach this one.' }),
  apiKey: setting({ env: 'QUORATE_API_KEY', yaml: 'apiKey', kind: kind.secret, secret: true, apps: ALL, meaning: 'One key with the role admin, sent as `Authorization: Bearer` or `X-API-Key`. Without it, every caller is the principal `local` with all roles, and the server listens on loopback only.' }),
  clusterSecret: setting({ env: 'QUORATE_CLUSTER_SECRET', yaml: 'clusterSecret', kind: kind.secret, secret: true, apps: ['aggregator', 'notifier'], meaning: 'Signs the requests that instances forward to each other. Use the same value in all instances. Required when the advertised URL is not loopback.' }),
  webhookUrl: setting({ env: 'QUORATE_WEBHOOK_URL', yaml: 'webhook.url', kind: kind.url({ bare: false }), apps: NOTIFIERS, meaning: 'A receiver that gets every change at once, for a first try. Loopback is allowed if the URL names it.' }),
  webhookSecret: setting({ env: 'QUORATE_WEBHOOK_SECRET', yaml: 'webhook.secret', kind: kind.password, secret: true, apps: NOTIFIERS, meaning: 'Signs the requests to QUORATE_WEBHOOK_URL (Standard Webhooks; base64, with or without `whsec_`).' }),
  secretsDir: withDefault({ env: 'QUORATE_SECRETS_DIR', yaml: 'secretsDir', kind: kind.path, fallback: '/run/secrets', apps: NOTIFY, meaning: 'Folder of the secrets that `${file:…}` in the configuration of the notifier may name. Links that leave it are refused.' }),
  secretVariables: withDefault({ env: 'QUORATE_SECRET_VARIABLES', yaml: 'secretVariables', kind: kind.variables, fallback: [] as readonly string[], fallbackSaid: 'none', apps: NOTIFY, meaning: 'Variables that `${env:…}` in the configuration of the notifier may name, besides those that begin with `QUORATE_SECRET_`.' }),
  linkUrl: setting({ env: 'QUORATE_LINK_URL', yaml: 'linkUrl', kind: kind.link, apps: NOTIFIERS, fallbackSaid: 'no links', meaning: 'Address for the links in notifications: one that contains `{object}`, or the address of the REST API.' }),
  timeZone: withDefault({ env: 'QUORATE_TIME_ZONE', yaml: 'timeZone', kind: kind.timeZone, fallback: 'UTC', apps: NOTIFIERS, meaning: 'Time zone of the times in notifications. The console uses the time zone of the machine.' }),
  url: withDefault({ env: 'QUORATE_URL', yaml: 'url', kind: kind.url({ bare: true }), fallback: 'http://127.0.0.1:8080', apps: ['cli'], meaning: 'Server that the CLI uses.' }),
  notifierUrl: setting({ env: 'QUORATE_NOTIFIER_URL', yaml: 'notifierUrl', kind: kind.url({ bare: true }), apps: ['cli'], fallbackSaid: 'QUORATE_URL', meaning: 'Notifier that the CLI uses for `notify`, `silence` and `deliveries`, if it runs apart from the aggregator.' }),
  logLevel: withDefault({ env: 'QUORATE_LOG_LEVEL', yaml: 'logLevel', kind: kind.oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'), fallback: 'info', apps: ALL, meaning: 'Lowest level of the log lines on stderr.' }),
}

export type SettingName = keyof typeof SETTINGS
type ValueOf<S> = S extends { fallback: infer F; kind: Kind<infer T> }
  ? undefined extends F
    ? T | undefined
    : T
  : S extends Setting<infer T>
    ? T | undefined
    : never

/** The parsed settings; those without a value are undefined. */
export type Values = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]> }

/** Variables that the launcher and the tests use themselves: accepted, but not settings. */
export const IGNORED_ENV: readonly string[] = ['QUORATE_LAUNCHER', 'QUORATE_REQUIRE_KAFKA', 'QUORATE_REQUIRE_REGISTRY']

/** Prefix of variables with secrets of the notifier's configuration: anybody may add some. */
export const SECRET_PREFIX = 'QUORATE_SECRET_'

/** Variables with these prefixes must be in the table. */
export const OWNED_PREFIXES = ['QUORATE_', 'KAFKA_TLS', 'KAFKA_SASL'] as const

/** The flag of a setting (see `Setting`). */
export function flagOf(it: Pick<Setting<unknown>, 'yaml' | 'secret'>): string {
  const kebab = it.yaml.replace(/\.enabled$/, '').replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)
  return `--${kebab.replaceAll('.', '-')}${it.secret ? '-file' : ''}`
}
