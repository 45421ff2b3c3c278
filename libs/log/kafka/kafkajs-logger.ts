import type { Logger } from '../src'

interface KafkajsLogger {
  namespace(): KafkajsLogger
  debug(): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

const FIELDS = ['broker', 'code', 'retryCount', 'correlationId'] as const

/**
 * kafkajs's logger over ours. Only fields that cannot hold a secret pass, and its debug lines, which hold whole requests, do not.
 * What it calls an error is a connection that will be tried again: a warning.
 */
export function kafkajsLogger(logger: Logger): KafkajsLogger {
  const safe = (fields: Record<string, unknown> = {}) =>
    Object.fromEntries(FIELDS.filter((name) => name in fields).map((name) => [name, fields[name]]))
  const bridge: KafkajsLogger = {
    namespace: () => bridge,
    debug: () => {},
    info: (message, fields) => logger.debug(safe(fields), message),
    warn: (message, fields) => logger.debug(safe(fields), message),
    error: (message, fields) => logger.warn(safe(fields), message),
  }
  return bridge
}
