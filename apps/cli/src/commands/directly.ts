import type { Command } from 'commander'
import type { Addressee } from '@quorate/streams'
import type { CommonOptions } from './command-line'

export interface DirectOptions extends CommonOptions {
  readonly direct?: boolean
  readonly brokers?: string
  readonly dataDir?: string
  readonly notifier?: boolean
  readonly applicationId?: string
  /** Skips the confirmation. */
  readonly yes?: boolean
}
/** Options of commands that can also work without a server. */
export const withDirect = (command: Command): Command =>
  command
    .option('--yes', 'skips the confirmation')
    .option('--direct', 'writes into the log directly, for when no server stays up')
    .option('--brokers <list>', 'with --direct: Kafka brokers; default: KAFKA_BROKERS')
    .option('--data-dir <dir>', 'with --direct: the embedded log of a stopped server')
    .option('--notifier', 'a partition of the notifier, not the aggregator')
    .option('--application-id <id>', 'with --direct: application id (aggregator or notifier)')

type Log = Awaited<ReturnType<typeof import('../simulate/index.js').openSourceLog>>

/** Runs on the log itself, in the name of the logged-in user. */
export async function directly(
  { brokers, dataDir, notifier = false, applicationId = notifier ? 'notifier' : 'aggregator' }: DirectOptions,
  act: (log: Log, to: Addressee, by: string) => Promise<void>,
): Promise<void> {
  const { loadConfig } = await import('@quorate/config')
  const { consumerGroup, topicNames } = await import('@quorate/contracts')
  const { openSourceLog } = await import('../simulate/index.js')
  const { userInfo } = await import('node:os')
  const { topicPrefix } = loadConfig('cli')
  const names = topicNames(topicPrefix)
  const to = {
    applicationId,
    group: consumerGroup(topicPrefix, applicationId),
    source: notifier ? names.states : names.reports,
    settings: names.settings,
    outputs: { 'dead-letters': names.deadLetters },
  }
  const log = await openSourceLog({
    ...(brokers === undefined ? {} : { brokers }),
    ...(dataDir === undefined ? {} : { dataDir }),
  })
  try {
    await act(log, to, userInfo().username)
  } finally {
    await log.close()
  }
}
