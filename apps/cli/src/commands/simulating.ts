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

/** The vote on a file or a topic: no server, no store (vote.md 11). */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Runs the vote over a scenario: JSON lines in on stdin, what would be decided out on stdout.')
    .option('--policies <file>', 'policies in force from the beginning: a JSON array')
    .option('--compare <files...>', 'two such files: prints what the second would have decided otherwise')
    .option('--partition-of <topic>', 'replays this source topic instead of stdin, up to its present end')
    .option('--partition <n>', 'with --partition-of: this partition alone', integer)
    .option('--brokers <list>', 'where the topic is; KAFKA_BROKERS otherwise')
    .option('--data-dir <dir>', 'the embedded log of a server that is not running')
    .option('--rules <module>', 'rules registered in code: a module that exports them')
    .addHelpText(
      'after',
      `
A line is {"at": <ms>, "object": "…", "type": "report", "data": {"agent": "…", "state": "…"}}, with the types of the source topic, or
{"at": <ms>, "type": "look", "object": "…"}. Out come {"event": …}, {"look": …} and {"rejected": …}, in order; of a topic with their
partition. --compare takes policies from the two files alone: those that the input sets are left out.

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
