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
 * kafkajs's logger over ours, for debugging. Only fields that cannot contain a secret are passed on. Its debug lines
 * contain whole requests and are dropped. The callers report what it calls an error: a connection that is retried
 * (`Reachability`), or a response during a rebalance (`Response Heartbeat(key: 12, version: 3)`).
 */
export function kafkajsLogger(logger: Logger): KafkajsLogger {
  const safe = (fields: Record<string, unknown> = {}) =>
    Object.fromEntries(FIELDS.filter((name) => name in fields).map((name) => [name, fields[name]]))
  const tell = (message: string, fields?: Record<string, unknown>): void => logger.debug(safe(fields), message)
  const bridge: KafkajsLogger = {
    namespace: () => bridge,
    debug: () => {},
    info: tell,
    warn: tell,
    error: tell,
  }
  return bridge
}
