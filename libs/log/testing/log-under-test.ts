import type { Log } from '@quorate/log'

/**
 * A log to be described, and what the port alone cannot do to it. Topic, group and identity names are new at every run.
 */
export interface LogUnderTest {
  readonly open: () => Promise<Log>
  /** The same log as another process would open it; the same object where there can be one process only. */
  readonly openAnother?: (log: Log) => Promise<Log>
  /** Copies of each topic; 1 by default. */
  readonly replication?: number
  /** Random histories to try; 20 by default. */
  readonly histories?: number
  /** ms per test; 60,000 by default. */
  readonly timeoutMs?: number
  /** Makes the partition start at `before`. */
  readonly truncate?: (log: Log, topic: string, partition: number, before: number) => Promise<void>
  readonly deleteTopic?: (log: Log, topic: string) => Promise<void>
  /** Lets the session of a member time out. */
  readonly expire?: (log: Log, group: string, memberId: string) => Promise<void>
}
