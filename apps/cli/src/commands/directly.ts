import type { Command } from 'commander'
import type { Addressee } from '@quorate/streams'
import type { CommonOptions } from './command-line'

export interface DirectOptions extends CommonOptions {
  readonly direct?: boolean
  readonly brokers?: string
  readonly dataDir?: string
  readonly notifier?: boolean
  readonly applicationId?: string
  /** Does not ask first. */
  readonly yes?: boolean
}
/** Options of commands that can also do without a server. */
export const withDirect = (command: Command): Command =>
  command
    .option('--yes', 'does not ask first')
    .option('--direct', 'writes it into the log itself, for when no server stays up to be asked')
    .option('--brokers <list>', 'with --direct: where the topics are; KAFKA_BROKERS otherwise')
    .option('--data-dir <dir>', 'with --direct: the embedded log of a server that is not running')
    .option('--notifier', "with --direct: a partition of the notifier's, not the aggregator's")
    .option('--application-id <id>', 'with --direct: whose partition it is (aggregator, or notifier)')

type Log = Awaited<ReturnType<typeof import('../simulate/index.js').openSourceLog>>

/** With the log itself, as who is logged in here. */
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
  const log = await openSourceLog({ ...(brokers === undefined ? {} : { brokers }), ...(dataDir === undefined ? {} : { dataDir }) }) // prettier-ignore
  try {
    await act(log, to, userInfo().username)
  } finally {
    await log.close()
  }
}
