import { Command } from 'commander'
import { integer } from './command-line'
import { UsageError } from '../exit'

interface Options {
  readonly policies?: string
  readonly compare?: readonly string[]
  readonly partitionOf?: string
  readonly partition?: number
  readonly brokers?: string
  readonly dataDir?: string
  readonly rules?: string
  readonly json?: boolean
}

/** Runs the vote on a file or a topic: no server, no store (vote.md 11). */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Runs the vote over a scenario: reads JSON lines from stdin, writes the decisions to stdout.')
    .option('--policies <file>', 'policies in force from the start: a JSON array')
    .option('--compare <files...>', 'two such files: prints what the second would have decided differently')
    .option('--partition-of <topic>', 'replays this source topic instead of stdin, up to its current end')
    .option('--partition <n>', 'with --partition-of: only this partition', integer)
    .option('--brokers <list>', 'Kafka brokers; default: KAFKA_BROKERS')
    .option('--data-dir <dir>', 'the embedded log of a stopped server')
    .option('--rules <module>', 'module that exports the rules registered in code')
    .addHelpText(
      'after',
      `
A line is {"at": <ms>, "object": "…", "type": "report", "data": {"agent": "…", "state": "…"}}, with the types
of the source topic, or {"at": <ms>, "type": "look", "object": "…"}. The output is {"event": …}, {"look": …}
and {"rejected": …}, in order; for a topic with the partition. --compare uses only the policies of the two
files: those that the input sets are ignored.

Examples:
  echo '{"at":0,"object":"site/x","type":"report","data":{"agent":"a","state":"down"}}' | quorate simulate
  quorate simulate --partition-of quorate.reports --brokers localhost:9092 --policies new.json
  quorate simulate --partition-of quorate.reports --compare now.json new.json`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      process.exitCode = await simulate(options)
    })
}

async function simulate(options: Options): Promise<number> {
  const { compare, policies, partitionOf: topic, partition, brokers, dataDir, json = false } = options
  if (compare !== undefined && compare.length !== 2) throw new UsageError('--compare needs two files of policies.')
  if (compare !== undefined && policies !== undefined)
    throw new UsageError('Give --policies or --compare, not both: the files to compare are the policies.')
  if (topic === undefined && (partition !== undefined || brokers !== undefined || dataDir !== undefined))
    throw new UsageError('--partition, --brokers and --data-dir go with --partition-of <topic>.')
  const { rulesOf } = await import('../rules-file.js')
  const rules = options.rules === undefined ? {} : { rules: await rulesOf(options.rules) }
  const { openSourceLog, runCompare, runSimulate } = await import('../simulate/index.js')
  const log =
    topic === undefined
      ? undefined
      : await openSourceLog({
          ...(brokers === undefined ? {} : { brokers }),
          ...(dataDir === undefined ? {} : { dataDir }),
        })
  try {
    const { stdin, stdout: output, stderr: errors } = process
    const of = partition === undefined ? {} : { partition }
    const shared = { input: log === undefined ? stdin : { log, topic: topic!, ...of }, output, errors, ...rules }
    if (compare !== undefined) return await runCompare({ ...shared, files: [compare[0]!, compare[1]!], json })
    return await runSimulate({ ...shared, ...(policies === undefined ? {} : { policiesFile: policies }) })
  } finally {
    await log?.close()
  }
}
