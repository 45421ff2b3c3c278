import { Command } from 'commander'
import { confirmed } from '../confirmation'
import { askAggregator } from '../connection'
import { EXIT, UsageError } from '../exit'
import { Screen } from '../screen'
import { integer } from './command-line'
import { directly, type DirectOptions, withDirect } from './directly'

interface Options extends DirectOptions {
  readonly topic?: string
}
interface Waiting {
  readonly code: string
  readonly partition: number
  readonly reason: string
  readonly detail?: string
}

/** Confirms a source that differs from the one applied. */
export const acknowledgeSourceCommand = () =>
  withDirect(
    new Command('acknowledge-source')
      .description('Lets partitions continue with their current source, although it is not the log that was applied.')
      .argument('[partition]', 'only this partition; default: all that wait for it', integer)
      .option('--topic <id>', 'only if this is the current topic id'),
  )
    .addHelpText(
      'after',
      `
For STREAMS_SOURCE_REPLACED and STREAMS_SOURCE_TRUNCATED, when the right log cannot be brought back
(docs/operations.md, "The source is another log"). What was applied stays; what the source contains now is
applied, from where it differs.

Example:
  quorate acknowledge-source 3`,
    )
    .action(async (partition: number | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      await (options.direct ? acknowledgeDirectly(options, partition) : acknowledge(options, partition))
    })

const WAITING = ['STREAMS_SOURCE_REPLACED', 'STREAMS_SOURCE_TRUNCATED']

async function acknowledge(options: Options, only: number | undefined): Promise<void> {
  const screen = new Screen(options.json === true)
  await askAggregator(options, async (client) => {
    const { members } = (await client.cluster()) as { members: readonly { conditions?: readonly Waiting[] | null }[] }
    const waiting = members
      .flatMap(({ conditions }) => conditions ?? [])
      .filter((it) => WAITING.includes(it.code) && (only === undefined || it.partition === only))
    const partitions = only === undefined ? waiting.map(({ partition }) => partition) : [only]
    if (partitions.length === 0) return void (await screen.print([], () => 'no partition waits for that\n'))
    const said = [
      ...waiting.map(({ partition, detail, reason: why }) => `partition ${partition}: ${detail ?? why}`),
      'They will continue with their current source. Records that it has lost are not restored. This cannot be undone.',
    ].join('\n')
    if (!(await confirmed(said, options.yes === true))) return void (process.exitCode = EXIT.refused)
    for (const partition of partitions) {
      const answer = await client.partitions.acknowledgeSource(partition, options.topic)
      await screen.print({ partition, ...answer }, () =>
        answer.outcome === 'acknowledged'
          ? `partition ${partition} continues with the topic ${answer.topic}\n`
          : `partition ${partition} will continue with the topic ${answer.topic}\n`,
      )
    }
  })
}

async function acknowledgeDirectly(options: Options, only: number | undefined): Promise<void> {
  const { requestAcknowledgement } = await import('@quorate/streams')
  const screen = new Screen(options.json === true)
  await directly(options, async (log, to, by) => {
    const description = await log.describeTopic(to.source)
    if (description === undefined) throw new UsageError(`There is no topic ${to.source}.`)
    const { id, partitions } = description
    if (options.topic !== undefined && options.topic !== id)
      throw new UsageError(`The topic ${to.source} is ${id} now.`)
    if (only !== undefined && only >= partitions)
      throw new UsageError(`${to.source} has the partitions 0 to ${partitions - 1}.`)
    const said = `Waiting partitions of ${to.source} will continue with the topic ${id}. This cannot be undone.`
    if (!(await confirmed(said, options.yes === true))) return void (process.exitCode = EXIT.refused)
    const all = only === undefined ? Array.from({ length: partitions }, (_, partition) => partition) : [only]
    for (const partition of all) await requestAcknowledgement(log, to, { partition, topicId: id, by })
    await screen.print({ outcome: 'noted', topic: id, partitions: all }, () => `noted for ${id}\n`)
  })
}
