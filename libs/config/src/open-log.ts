import { diskFault, type Log, LogError, type Logger, privateDataDirectory } from '@quorate/log'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from './config-error'
import type { Config } from './config'

/** Folder of the embedded log below the data directory. */
export const embeddedLogDir = (dataDir: string) => join(dataDir, 'log')

/**
 * Opens the log that the settings name. Loads only the adapter in use: `--help` and the embedded log need no Kafka
 * client.
 * @throws ConfigError for files that cannot be read, LogError for a log that cannot be opened
 */
export async function openLog(config: Config, logger: Logger): Promise<Log> {
  if (config.log === 'embedded') {
    const { openEmbeddedLog } = await import('@quorate/log/embedded')
    const dir = embeddedLogDir(config.dataDir)
    try {
      privateDataDirectory(config.dataDir)
    } catch (cause) {
      const { what, advice } = diskFault(cause, config.dataDir, 'directory')
      throw new LogError('LOG_UNAVAILABLE', `${config.dataDir} ${what}; nothing was changed. ${advice}`, { cause })
    }
    return openEmbeddedLog({ dir }, { logger })
  }
  const kafka = await import('@quorate/log/kafka')
  const sasl = saslOf(config, kafka)
  const clientId = `${config.topicPrefix}.${config.app === 'cli' ? 'cli' : config.applicationId}`
  return kafka.openKafkaLog({
    brokers: config.brokers ?? [],
    clientId,
    ssl: tlsOf(config),
    ...(sasl ? { sasl } : {}),
    ...(config.kafkaRack === undefined ? {} : { rack: config.kafkaRack }),
    logger,
  })
}

function tlsOf(
  config: Config,
): boolean | { ca?: string; cert?: string; key?: string; passphrase?: string; servername?: string } {
  if (!config.tls) return false
  return {
    ...(config.tlsCa ? { ca: pem('KAFKA_TLS_CA', config.tlsCa) } : {}),
    ...(config.tlsCert ? { cert: pem('KAFKA_TLS_CERT', config.tlsCert) } : {}),
    ...(config.tlsKey ? { key: pem('KAFKA_TLS_KEY', config.tlsKey) } : {}),
    ...(config.tlsKeyPassword ? { passphrase: config.tlsKeyPassword.reveal() } : {}),
    ...(config.tlsServerName ? { servername: config.tlsServerName } : {}),
  }
}

function pem(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError([
      `${setting}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`,
    ])
  }
}

function saslOf(config: Config, { tokensOfEndpoint, tokensOfFile }: typeof import('@quorate/log/kafka')) {
  const { saslMechanism: mechanism, saslUsername: username, saslTokenPath, saslTokenUrl, saslTokenScope } = config
  const password = config.saslPassword?.reveal()
  if (mechanism === 'oauthbearer' && saslTokenPath !== undefined)
    return { mechanism, oauthBearerProvider: tokensOfFile(saslTokenPath) }
  if (mechanism === undefined || username === undefined || password === undefined) return undefined
  if (mechanism !== 'oauthbearer') return { mechanism, username, password }
  const scope = saslTokenScope === undefined ? {} : { scope: saslTokenScope }
  const endpoint = { url: saslTokenUrl!, clientId: username, clientSecret: password, ...scope }
  return { mechanism, oauthBearerProvider: tokensOfEndpoint(endpoint) }
}
