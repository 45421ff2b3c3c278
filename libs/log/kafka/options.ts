import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import { silentLogger, type Logger } from '../src'
import { INFLATION_LIMITS, type InflationLimits } from './wire/batch-decoder'
import { Reachability } from './reachability'

export interface KafkaLogOptions {
  /** Some of the cluster's `host:port`; the others are found by them. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: boolean | ConnectionOptions
  /** `plain`, `scram-sha-256`, `scram-sha-512` or `oauthbearer`, as kafkajs takes them. */
  readonly sasl?: SASLOptions
  /**
   * Where this process is, as `broker.rack` says it: reads come from a replica there, where the brokers' selector
   * allows that.
   */
  readonly rack?: string
  /** Fields hold neither secrets nor record contents. */
  readonly logger?: Logger
  /** ms for one answer of a broker; 30,000. */
  readonly requestTimeoutMs?: number
  /** ms for connecting, and again for logging in; 10,000. */
  readonly connectionTimeoutMs?: number
  /** ms that `fence` and questions retry while brokers are away, before `LOG_UNAVAILABLE`; 30,000. */
  readonly retryTimeoutMs?: number
  /**
   * ms that `append` retries; 15,000: longer than the brokers take to elect a leader, short enough for who waits for an
   * answer.
   */
  readonly appendTimeoutMs?: number
  /** ms after which the cluster aborts the transaction of an identity that nobody fences; 10,000. */
  readonly transactionTimeoutMs?: number
  /**
   * Bytes that one compressed batch may inflate to: 128 MiB, beyond 16 MiB one at a time. More is delivered as a
   * damaged batch.
   */
  readonly inflation?: InflationLimits
}

type Optional = 'ssl' | 'sasl' | 'rack'
export type KafkaSettings = Required<Omit<KafkaLogOptions, Optional>> &
  Pick<KafkaLogOptions, Optional> & {
    /** Shared by all connections of the log. */
    readonly reachability: Reachability
  }

export function settingsOf(options: KafkaLogOptions): KafkaSettings {
  return {
    logger: silentLogger,
    requestTimeoutMs: 30_000,
    connectionTimeoutMs: 10_000,
    retryTimeoutMs: 30_000,
    appendTimeoutMs: 15_000,
    transactionTimeoutMs: 10_000,
    inflation: INFLATION_LIMITS,
    ...options,
    reachability: new Reachability(options.logger ?? silentLogger),
  }
}
