import { Command } from 'commander'
import { UsageError } from '../exit'
import { count } from './command-line'

interface Options {
  readonly partitions: number
  readonly to: string
  readonly brokers?: string
  readonly dataDir?: string
  readonly applicationId: string
  readonly replication?: number
}

/** Changes the partition count by new topics (vote.md 7). */
export function reshardCommand(): Command {
  return new Command('reshard')
    .description(
      'Moves a stopped aggregator to new topics with another partition count; objects and their incarnations are kept.',
    )
    .requiredOption('--partitions <n>', 'partitions of the new topics', count)
    .requiredOption('--to <prefix>', 'prefix of the new topics, which must not exist')
    .option('--brokers <list>', 'Kafka brokers; default: KAFKA_BROKERS')
    .option('--data-dir <dir>', 'the embedded log of a stopped server')
    .option('--application-id <id>', 'application id of the changelog', 'aggregator')
    .option('--replication <n>', 'replication factor of the new topics; default: that of the old ones', count)
    .addHelpText(
      'after',
      `
The old topics, with the prefix QUORATE_TOPIC_PREFIX, are read and left unchanged. Until DONE is printed, the
new topics are incomplete: delete them and start again. docs/operations.md has the whole procedure.

Example:
  quorate reshard --partitions 32 --to quorate2 --brokers localhost:9092`,
    )
    .action(async (_: unknown, command: Command) => {
      await reshard(command.optsWithGlobals<Options>())
    })
}

async function reshard({ brokers, dataDir, ...options }: Options): Promise<void> {
  if (options.partitions > 1000) throw new UsageError('--partitions must be an integer from 1 to 1000.')
  const { loadConfig } = await import('@quorate/config')
  const { openSourceLog } = await import('../simulate/index.js')
  const { runReshard } = await import('../reshard/index.js')
  const { topicPrefix: prefix } = loadConfig('cli')
  const log = await openSourceLog({
    ...(brokers === undefined ? {} : { brokers }),
    ...(dataDir === undefined ? {} : { dataDir }),
  })
  try {
    await runReshard({ log, prefix, output: process.stdout, ...options })
  } finally {
    await log.close()
  }
}
